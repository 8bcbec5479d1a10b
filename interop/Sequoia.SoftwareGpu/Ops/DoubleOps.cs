using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Double-precision arithmetic that rounds to nearest even, as operation types.</summary>
internal static class DoubleOps
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    internal readonly struct Add : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => (a.AsDouble() + b.AsDouble()).AsUInt64();
    }

    internal readonly struct Sub : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => (a.AsDouble() - b.AsDouble()).AsUInt64();
    }

    internal readonly struct Mul : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => (a.AsDouble() * b.AsDouble()).AsUInt64();
    }

    internal readonly struct Div : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => (a.AsDouble() / b.AsDouble()).AsUInt64();
    }

    internal readonly struct Fma : ITernary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b, Vector512<ulong> c) =>
            Vector512.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).AsUInt64();
    }

    internal readonly struct Neg : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => a ^ Vector512.Create(1UL << 63);
    }

    internal readonly struct Abs : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => a & Vector512.Create(long.MaxValue).AsUInt64();
    }

    internal readonly struct Min : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => Vector512.MinNumber(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    internal readonly struct Max : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) => Vector512.MaxNumber(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    internal readonly struct Sqrt : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => Vector512.Sqrt(a.AsDouble()).AsUInt64();
    }

    /// <summary>Subnormal operands and results become zeros of the same sign.</summary>
    internal readonly struct Flushed<T> : IUnary64
        where T : struct, IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => Flush(T.Apply(Flush(a)));

        [MethodImpl(Inline)]
        private static Vector512<ulong> Flush(Vector512<ulong> a)
        {
            Vector512<ulong> isSmall = Vector512.Equals(a & Vector512.Create(0x7FF0_0000_0000_0000UL), Vector512<ulong>.Zero);
            return Vector512.ConditionalSelect(isSmall, a & Vector512.Create(1UL << 63), a);
        }
    }

    internal readonly struct Rcp : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => (Vector512<double>.One / a.AsDouble()).AsUInt64();
    }

    internal readonly struct Rsqrt : IUnary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a) => (Vector512<double>.One / Vector512.Sqrt(a.AsDouble())).AsUInt64();
    }
}
