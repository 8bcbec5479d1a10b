namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Operations on bits and packed integers, lane by lane.</summary>
internal static class BitOps
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
}
