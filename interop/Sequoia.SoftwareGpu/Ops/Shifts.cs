using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Shifts by a vector of amounts. PTX clamps amounts to the width, as AVX variable shifts do. C# does not.</summary>
internal static class Shifts
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    internal readonly struct Shl32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b)
        {
            if (Avx512F.IsSupported)
                return Avx512F.ShiftLeftLogicalVariable(a, b);
            if (Avx2.IsSupported)
            {
                return Vector512.Create(
                    Avx2.ShiftLeftLogicalVariable(a.GetLower(), b.GetLower()), Avx2.ShiftLeftLogicalVariable(a.GetUpper(), b.GetUpper()));
            }

            return PerLane32<Left32>(a, b);
        }
    }

    internal readonly struct ShrU32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b)
        {
            if (Avx512F.IsSupported)
                return Avx512F.ShiftRightLogicalVariable(a, b);
            if (Avx2.IsSupported)
            {
                return Vector512.Create(
                    Avx2.ShiftRightLogicalVariable(a.GetLower(), b.GetLower()), Avx2.ShiftRightLogicalVariable(a.GetUpper(), b.GetUpper()));
            }

            return PerLane32<Right32>(a, b);
        }
    }

    internal readonly struct ShrS32 : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b)
        {
            if (Avx512F.IsSupported)
                return Avx512F.ShiftRightArithmeticVariable(a.AsInt32(), b).AsUInt32();
            if (Avx2.IsSupported)
            {
                return Vector512.Create(
                    Avx2.ShiftRightArithmeticVariable(a.GetLower().AsInt32(), b.GetLower()).AsUInt32(),
                    Avx2.ShiftRightArithmeticVariable(a.GetUpper().AsInt32(), b.GetUpper()).AsUInt32());
            }

            return PerLane32<RightSigned32>(a, b);
        }
    }

    internal readonly struct Shl64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) =>
            Avx512F.IsSupported ? Avx512F.ShiftLeftLogicalVariable(a, b) : PerLane64<Left64>(a, b);
    }

    internal readonly struct ShrU64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) =>
            Avx512F.IsSupported ? Avx512F.ShiftRightLogicalVariable(a, b) : PerLane64<Right64>(a, b);
    }

    internal readonly struct ShrS64 : IBinary64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b) =>
            Avx512F.IsSupported ? Avx512F.ShiftRightArithmeticVariable(a.AsInt64(), b).AsUInt64() : PerLane64<RightSigned64>(a, b);
    }

    private readonly struct Left32 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b > 31 ? 0 : a << (int)b;
    }

    private readonly struct Right32 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b > 31 ? 0 : a >> (int)b;
    }

    private readonly struct RightSigned32 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => (uint)((int)a >> (int)uint.Min(b, 31));
    }

    private readonly struct Left64 : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => b > 63 ? 0 : a << (int)b;
    }

    private readonly struct Right64 : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => b > 63 ? 0 : a >> (int)b;
    }

    private readonly struct RightSigned64 : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => (ulong)((long)a >> (int)ulong.Min(b, 63));
    }

    private static Vector512<uint> PerLane32<T>(Vector512<uint> a, Vector512<uint> b)
        where T : struct, IScalarBinary<uint, uint>
    {
        Vector512<uint> result = default;
        for (int lane = 0; lane < 16; lane++)
            result = result.WithElement(lane, T.Apply(a[lane], b[lane]));
        return result;
    }

    private static Vector512<ulong> PerLane64<T>(Vector512<ulong> a, Vector512<ulong> b)
        where T : struct, IScalarBinary<ulong, ulong>
    {
        Vector512<ulong> result = default;
        for (int lane = 0; lane < 8; lane++)
            result = result.WithElement(lane, T.Apply(a[lane], b[lane]));
        return result;
    }
}
