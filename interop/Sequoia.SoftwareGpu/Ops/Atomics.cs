namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Computes an atomic's new value from the old value and the operands.</summary>
internal interface IAtomic<T>
    where T : unmanaged
{
    static abstract T Apply(T old, T b, T c);
}

/// <summary>The operations of atom, red and redux.</summary>
internal static class Atomics
{
    internal readonly struct Add32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => old + b;
    }

    internal readonly struct MinU32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => uint.Min(old, b);
    }

    internal readonly struct MaxU32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => uint.Max(old, b);
    }

    internal readonly struct MinS32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => (uint)int.Min((int)old, (int)b);
    }

    internal readonly struct MaxS32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => (uint)int.Max((int)old, (int)b);
    }

    internal readonly struct And32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => old & b;
    }

    internal readonly struct Or32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => old | b;
    }

    internal readonly struct Xor32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => old ^ b;
    }

    internal readonly struct Exchange32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => b;
    }

    internal readonly struct Cas32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => old == b ? c : old;
    }

    internal readonly struct Inc32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => old >= b ? 0 : old + 1;
    }

    internal readonly struct Dec32 : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => old == 0 || old > b ? b : old - 1;
    }

    internal readonly struct AddSingle : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) =>
            BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(old) + BitConverter.UInt32BitsToSingle(b));
    }

    /// <summary>Subnormals are flushed in global memory, but not in shared memory.</summary>
    internal readonly struct AddSingleFlushed : IAtomic<uint>
    {
        public static uint Apply(uint old, uint b, uint c) => Flush(AddSingle.Apply(Flush(old), Flush(b), c));

        private static uint Flush(uint bits) => (bits & 0x7F80_0000) == 0 ? bits & 0x8000_0000 : bits;
    }

    internal readonly struct AddPair<T> : IAtomic<uint>
        where T : struct, IPairFormat
    {
        public static uint Apply(uint old, uint b, uint c) =>
            T.Add((ushort)old, (ushort)b) | (T.Add(old >> 16, b >> 16) << 16);
    }

    internal readonly struct Add64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => old + b;
    }

    internal readonly struct MinU64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => ulong.Min(old, b);
    }

    internal readonly struct MaxU64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => ulong.Max(old, b);
    }

    internal readonly struct MinS64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => (ulong)long.Min((long)old, (long)b);
    }

    internal readonly struct MaxS64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => (ulong)long.Max((long)old, (long)b);
    }

    internal readonly struct And64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => old & b;
    }

    internal readonly struct Or64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => old | b;
    }

    internal readonly struct Xor64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => old ^ b;
    }

    internal readonly struct Exchange64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => b;
    }

    internal readonly struct Cas64 : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) => old == b ? c : old;
    }

    internal readonly struct AddDouble : IAtomic<ulong>
    {
        public static ulong Apply(ulong old, ulong b, ulong c) =>
            BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(old) + BitConverter.UInt64BitsToDouble(b));
    }
}

/// <summary>Scalar addition in a 16-bit float format.</summary>
internal interface IPairFormat
{
    static abstract uint Add(uint a, uint b);
}

internal readonly struct HalfPair : IPairFormat
{
    public static uint Add(uint a, uint b) =>
        FloatFormat.Half.Encode(FloatFormat.Half.Decode(a & 0xFFFF) + FloatFormat.Half.Decode(b & 0xFFFF), RoundingMode.Nearest);
}

internal readonly struct BFloatPair : IPairFormat
{
    public static uint Add(uint a, uint b) => FloatFormat.BFloat16.Encode(
        (float)(FloatFormat.BFloat16.Decode(a & 0xFFFF) + FloatFormat.BFloat16.Decode(b & 0xFFFF)), RoundingMode.Nearest);
}
