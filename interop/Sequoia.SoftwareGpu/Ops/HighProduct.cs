namespace Sequoia.SoftwareGpu.Ops;

/// <summary>The upper half of a product.</summary>
internal static class HighProduct
{
    internal readonly struct U16 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => (a * b) >> 16;
    }

    internal readonly struct S16 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => (ushort)(((short)a * (short)b) >> 16);
    }

    internal readonly struct U32 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => (uint)(((ulong)a * b) >> 32);
    }

    internal readonly struct S32 : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => (uint)(((long)(int)a * (int)b) >> 32);
    }

    internal readonly struct U64 : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => Math.BigMul(a, b, out _);
    }

    internal readonly struct S64 : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => (ulong)Math.BigMul((long)a, (long)b, out _);
    }

    internal readonly struct MadU32 : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => U32.Apply(a, b) + c;
    }

    internal readonly struct MadS32 : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => S32.Apply(a, b) + c;
    }

    internal readonly struct MadU64 : IScalarTernary<ulong>
    {
        public static ulong Apply(ulong a, ulong b, ulong c) => U64.Apply(a, b) + c;
    }

    internal readonly struct MadS64 : IScalarTernary<ulong>
    {
        public static ulong Apply(ulong a, ulong b, ulong c) => S64.Apply(a, b) + c;
    }
}
