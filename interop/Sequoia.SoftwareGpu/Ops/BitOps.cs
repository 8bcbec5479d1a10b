using System.Numerics;
using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Operations on bits and packed integers, lane by lane.</summary>
internal static unsafe class BitOps
{
    internal readonly struct MinS16X2 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) =>
            (ushort)short.Min((short)a, (short)b) | ((uint)(ushort)short.Min((short)(a >> 16), (short)(b >> 16)) << 16);
    }

    internal readonly struct MaxS16X2 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) =>
            (ushort)short.Max((short)a, (short)b) | ((uint)(ushort)short.Max((short)(a >> 16), (short)(b >> 16)) << 16);
    }

    internal readonly struct MinU16X2 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => ushort.Min((ushort)a, (ushort)b) | ((uint)ushort.Min((ushort)(a >> 16), (ushort)(b >> 16)) << 16);
    }

    internal readonly struct MaxU16X2 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => ushort.Max((ushort)a, (ushort)b) | ((uint)ushort.Max((ushort)(a >> 16), (ushort)(b >> 16)) << 16);
    }

    internal readonly struct Popc32 : IScalarUnary<uint, uint>
    {
        public static uint Apply(uint a) => (uint)BitOperations.PopCount(a);
    }

    internal readonly struct Popc64 : IScalarUnary<ulong, uint>
    {
        public static uint Apply(ulong a) => (uint)BitOperations.PopCount(a);
    }

    internal readonly struct Clz32 : IScalarUnary<uint, uint>
    {
        public static uint Apply(uint a) => (uint)BitOperations.LeadingZeroCount(a);
    }

    internal readonly struct Clz64 : IScalarUnary<ulong, uint>
    {
        public static uint Apply(ulong a) => (uint)BitOperations.LeadingZeroCount(a);
    }

    internal readonly struct Brev32 : IScalarUnary<uint, uint>
    {
        public static uint Apply(uint a) => (uint)(Reverse(a) >> 32);
    }

    internal readonly struct Brev64 : IScalarUnary<ulong, ulong>
    {
        public static ulong Apply(ulong a) => Reverse(a);
    }

    internal readonly struct FindU32 : IScalarUnary<uint, uint>
    {
        public static uint Apply(uint a) => a == 0 ? uint.MaxValue : 31u - (uint)BitOperations.LeadingZeroCount(a);
    }

    internal readonly struct FindShiftU32 : IScalarUnary<uint, uint>
    {
        public static uint Apply(uint a) => a == 0 ? uint.MaxValue : (uint)BitOperations.LeadingZeroCount(a);
    }

    internal readonly struct FindU64 : IScalarUnary<ulong, uint>
    {
        public static uint Apply(ulong a) => a == 0 ? uint.MaxValue : 63u - (uint)BitOperations.LeadingZeroCount(a);
    }

    internal readonly struct FindShiftU64 : IScalarUnary<ulong, uint>
    {
        public static uint Apply(ulong a) => a == 0 ? uint.MaxValue : (uint)BitOperations.LeadingZeroCount(a);
    }

    internal readonly struct FindS32 : IScalarUnary<uint, uint>
    {
        public static uint Apply(uint a) => FindU32.Apply((int)a < 0 ? ~a : a);
    }

    internal readonly struct FindShiftS32 : IScalarUnary<uint, uint>
    {
        public static uint Apply(uint a) => FindShiftU32.Apply((int)a < 0 ? ~a : a);
    }

    internal readonly struct FindS64 : IScalarUnary<ulong, uint>
    {
        public static uint Apply(ulong a) => FindU64.Apply((long)a < 0 ? ~a : a);
    }

    internal readonly struct FindShiftS64 : IScalarUnary<ulong, uint>
    {
        public static uint Apply(ulong a) => FindShiftU64.Apply((long)a < 0 ? ~a : a);
    }

    internal readonly struct ExtractU32 : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => (uint)Extract(a, (int)(b & 0xFF), (int)(c & 0xFF));
    }

    internal readonly struct ExtractS32 : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => (uint)ExtractSigned(a, 32, (int)(b & 0xFF), (int)(c & 0xFF));
    }

    internal readonly struct ExtractU64 : IScalarTernary<ulong>
    {
        public static ulong Apply(ulong a, ulong b, ulong c) => Extract(a, (int)(b & 0xFF), (int)(c & 0xFF));
    }

    internal readonly struct ExtractS64 : IScalarTernary<ulong>
    {
        public static ulong Apply(ulong a, ulong b, ulong c) => ExtractSigned(a, 64, (int)(b & 0xFF), (int)(c & 0xFF));
    }

    internal readonly struct FunnelLeftWrap : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => (uint)(Join(b, a) << (int)(c & 31) >> 32);
    }

    internal readonly struct FunnelLeftClamp : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => (uint)(Join(b, a) << (int)uint.Min(c, 32) >> 32);
    }

    internal readonly struct FunnelRightWrap : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => (uint)(Join(b, a) >> (int)(c & 31));
    }

    internal readonly struct FunnelRightClamp : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => (uint)(Join(b, a) >> (int)uint.Min(c, 32));
    }

    internal readonly struct SadU32 : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => c + (a > b ? a - b : b - a);
    }

    internal readonly struct SadS32 : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => c + ((int)a > (int)b ? a - b : b - a);
    }

    internal readonly struct Mul24U : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => (a & 0xFF_FFFF) * (b & 0xFF_FFFF);
    }

    internal readonly struct Mul24S : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => (uint)(((int)(a << 8) >> 8) * ((int)(b << 8) >> 8));
    }

    internal readonly struct Mad24U : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => Mul24U.Apply(a, b) + c;
    }

    internal readonly struct Mad24S : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => Mul24S.Apply(a, b) + c;
    }

    internal readonly struct ByteDifferenceU : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => ByteDifferences(a, b, false);
    }

    internal readonly struct ByteDifferenceS : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => ByteDifferences(a, b, true);
    }

    internal readonly struct ByteDifferenceSumU : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => c + ByteSum(ByteDifferences(a, b, false));
    }

    internal readonly struct ByteDifferenceSumS : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => c + ByteSum(ByteDifferences(a, b, true));
    }

    internal readonly struct CopySign32 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => (b & 0x7FFF_FFFF) | (a & 0x8000_0000);
    }

    internal readonly struct CopySign64 : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => (b & (ulong.MaxValue >> 1)) | (a & (1UL << 63));
    }

    internal readonly struct Insert32 : IScalarQuaternary
    {
        public static uint Apply(uint a, uint b, uint c, uint d) => (uint)Insert(a, b, 32, (int)(c & 0xFF), (int)(d & 0xFF));
    }

    public static void Insert64(Warp w, Inst* i, uint m)
    {
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            int position = (int)((uint*)(w.Registers + i->C))[lane] & 0xFF, length = (int)((uint*)(w.Registers + i->E))[lane] & 0xFF;
            ((ulong*)(w.Registers + i->D))[lane] = Insert(
                ((ulong*)(w.Registers + i->A))[lane], ((ulong*)(w.Registers + i->B))[lane], 64, position, length);
        }
    }

    /// <summary>Any function of three bits. Bit 4a + 2b + c of the table is its value.</summary>
    public static void Logic3(Warp w, Inst* i, uint m)
    {
        Lanes.Store(w.Registers + i->D, m, Logic3(w, i, 0), Logic3(w, i, 16));
    }

    /// <summary>Four products of bytes. Bits 0 and 1 of the immediate specify whose bytes are signed.</summary>
    public static void Dot4(Warp w, Inst* i, uint m)
    {
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint a = ((uint*)(w.Registers + i->A))[lane], b = ((uint*)(w.Registers + i->B))[lane];
            int sum = (int)((uint*)(w.Registers + i->C))[lane];
            for (int shift = 0; shift < 32; shift += 8)
                sum += Part(a >> shift, 8, (i->Immediate & 1) != 0) * Part(b >> shift, 8, (i->Immediate & 2) != 0);
            ((uint*)(w.Registers + i->D))[lane] = (uint)sum;
        }
    }

    /// <summary>Two products of 16-bit parts of a and bytes in the lower or upper half of b.</summary>
    public static void Dot2(Warp w, Inst* i, uint m)
    {
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint a = ((uint*)(w.Registers + i->A))[lane], b = ((uint*)(w.Registers + i->B))[lane];
            b >>= (i->Immediate & 4) != 0 ? 16 : 0;
            int sum = (int)((uint*)(w.Registers + i->C))[lane];
            for (int part = 0; part < 2; part++)
                sum += Part(a >> (16 * part), 16, (i->Immediate & 1) != 0) * Part(b >> (8 * part), 8, (i->Immediate & 2) != 0);
            ((uint*)(w.Registers + i->D))[lane] = (uint)sum;
        }
    }

    private static Vector512<uint> Logic3(Warp w, Inst* i, int lane)
    {
        Vector512<uint> a = Vector512.Load((uint*)(w.Registers + i->A) + lane);
        Vector512<uint> b = Vector512.Load((uint*)(w.Registers + i->B) + lane);
        Vector512<uint> c = Vector512.Load((uint*)(w.Registers + i->C) + lane);
        Vector512<uint> result = default;
        for (int row = 0; row < 8; row++)
        {
            if ((i->Immediate >> row & 1) != 0)
                result |= ((row & 4) != 0 ? a : ~a) & ((row & 2) != 0 ? b : ~b) & ((row & 1) != 0 ? c : ~c);
        }

        return result;
    }

    private static int Part(uint bits, int width, bool signed) =>
        signed ? (int)(bits << (32 - width)) >> (32 - width) : (int)(bits & ((1u << width) - 1));

    private static ulong Join(uint high, uint low) => ((ulong)high << 32) | low;

    private static ulong Reverse(ulong value)
    {
        ulong result = 0;
        for (int bit = 0; bit < 64; bit++)
            result |= (value >> bit & 1) << (63 - bit);
        return result;
    }

    private static ulong Mask(int length) => length >= 64 ? ulong.MaxValue : (1UL << length) - 1;

    private static ulong Extract(ulong value, int position, int length) => position > 63 ? 0 : value >> position & Mask(length);

    /// <summary>Bits beyond the field, and beyond the value, are copies of the field's highest bit inside the value.</summary>
    private static ulong ExtractSigned(ulong value, int width, int position, int length)
    {
        if (length == 0)
            return 0;
        ulong sign = value >> int.Min(position + length - 1, width - 1) & 1;
        ulong field = Extract(value, position, length);
        int valid = int.Max(0, int.Min(length, width - position));
        return sign != 0 ? field | ~Mask(valid) : field & Mask(valid);
    }

    private static ulong Insert(ulong field, ulong into, int width, int position, int length)
    {
        if (position >= width)
            return into;
        ulong mask = Mask(length) << position;
        return (into & ~mask) | (field << position & mask);
    }

    private static uint ByteDifferences(uint a, uint b, bool signed)
    {
        uint result = 0;
        for (int shift = 0; shift < 32; shift += 8)
            result |= (uint)Math.Abs(Part(a >> shift, 8, signed) - Part(b >> shift, 8, signed)) << shift;
        return result;
    }

    private static uint ByteSum(uint a) => (a & 0xFF) + (a >> 8 & 0xFF) + (a >> 16 & 0xFF) + (a >> 24);
}
