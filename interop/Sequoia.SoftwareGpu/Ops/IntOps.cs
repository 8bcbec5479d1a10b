using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Integer arithmetic, as operation types. 16-bit values are kept zero-extended in 32-bit slots.</summary>
internal static class IntOps
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    internal readonly struct Mov32 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => a;
    }

    internal readonly struct Mov64 : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => a;
    }

    internal readonly struct Add32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => a + b;
    }

    internal readonly struct Sub32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => a - b;
    }

    internal readonly struct Mul32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => a * b;
    }

    internal readonly struct Mad32 : ITernary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) => (a * b) + c;
    }

    internal readonly struct And32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => a & b;
    }

    internal readonly struct Or32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => a | b;
    }

    internal readonly struct Xor32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => a ^ b;
    }

    internal readonly struct Not32 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => ~a;
    }

    internal readonly struct CNot32 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.Equals(a, Vector512<uint>.Zero) & Vector512<uint>.One;
    }

    internal readonly struct Neg32 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => -a;
    }

    internal readonly struct Abs32 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.Abs(a.AsInt32()).AsUInt32();
    }

    internal readonly struct MinS32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Vector512.Min(a.AsInt32(), b.AsInt32()).AsUInt32();
    }

    internal readonly struct MaxS32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Vector512.Max(a.AsInt32(), b.AsInt32()).AsUInt32();
    }

    internal readonly struct MinU32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Vector512.Min(a, b);
    }

    internal readonly struct MaxU32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Vector512.Max(a, b);
    }

    /// <summary>Signed addition with saturation. It overflows if the signs of both operands differ from the sign of the sum.</summary>
    internal readonly struct AddSat32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b)
        {
            Vector512<uint> sum = a + b;
            Vector512<uint> overflow = ((a ^ sum) & (b ^ sum)).AsInt32().Sign();
            return Vector512.ConditionalSelect(overflow, a.AsInt32().Sign() ^ Vector512.Create(0x7FFF_FFFFu), sum);
        }
    }

    internal readonly struct SubSat32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b)
        {
            Vector512<uint> difference = a - b;
            Vector512<uint> overflow = ((a ^ b) & (a ^ difference)).AsInt32().Sign();
            return Vector512.ConditionalSelect(overflow, a.AsInt32().Sign() ^ Vector512.Create(0x7FFF_FFFFu), difference);
        }
    }

    internal readonly struct Add64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => a + b;
    }

    internal readonly struct Sub64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => a - b;
    }

    internal readonly struct Mul64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => a * b;
    }

    internal readonly struct Mad64 : ITernary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b, Vector512<ulong> c) => (a * b) + c;
    }

    internal readonly struct And64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => a & b;
    }

    internal readonly struct Or64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => a | b;
    }

    internal readonly struct Xor64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => a ^ b;
    }

    internal readonly struct Not64 : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => ~a;
    }

    internal readonly struct CNot64 : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => Vector512.Equals(a, Vector512<ulong>.Zero) & Vector512<ulong>.One;
    }

    internal readonly struct Neg64 : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => -a;
    }

    internal readonly struct Abs64 : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => Vector512.Abs(a.AsInt64()).AsUInt64();
    }

    internal readonly struct MinS64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Min(a.AsInt64(), b.AsInt64()).AsUInt64();
    }

    internal readonly struct MaxS64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Max(a.AsInt64(), b.AsInt64()).AsUInt64();
    }

    internal readonly struct MinU64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Min(a, b);
    }

    internal readonly struct MaxU64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Max(a, b);
    }

    internal readonly struct MulWideU32 : IWiden
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector256<uint> a, Vector256<uint> b) => Wide(a) * Wide(b);
    }

    internal readonly struct MulWideS32 : IWiden
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector256<uint> a, Vector256<uint> b) => (WideSigned(a) * WideSigned(b)).AsUInt64();
    }

    internal readonly struct ZeroExtend : IWiden
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector256<uint> a, Vector256<uint> b) => Wide(a);
    }

    internal readonly struct SignExtend : IWiden
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector256<uint> a, Vector256<uint> b) => WideSigned(a).AsUInt64();
    }

    internal readonly struct Truncate : INarrow
    {
        [MethodImpl(Inline)]
        public static Vector256<uint> Apply(Vector512<ulong> a) => Vector256.Narrow(a.GetLower(), a.GetUpper());
    }

    internal readonly struct HighHalf : INarrow
    {
        [MethodImpl(Inline)]
        public static Vector256<uint> Apply(Vector512<ulong> a) => Truncate.Apply(a >> 32);
    }

    /// <summary>Two 32-bit registers as one 64-bit value, with the first one low.</summary>
    internal readonly struct Pack64 : IWiden
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector256<uint> a, Vector256<uint> b) => Wide(a) | (Wide(b) << 32);
    }

    [MethodImpl(Inline)]
    private static Vector512<ulong> Wide(Vector256<uint> a)
    {
        (Vector256<ulong> low, Vector256<ulong> high) = Vector256.Widen(a);
        return Vector512.Create(low, high);
    }

    [MethodImpl(Inline)]
    private static Vector512<long> WideSigned(Vector256<uint> a)
    {
        (Vector256<long> low, Vector256<long> high) = Vector256.Widen(a.AsInt32());
        return Vector512.Create(low, high);
    }

    /// <summary>All ones where the sign bit is set.</summary>
    [MethodImpl(Inline)]
    private static Vector512<uint> Sign(this Vector512<int> a) => (a >> 31).AsUInt32();
}
