namespace Sequoia.SoftwareGpu.Ops;

/// <summary>
/// Integer division. PTX leaves division by zero unspecified and never traps. Here the quotient is all ones and the remainder is the dividend, as
/// in the usual device code. The lowest number divided by -1 wraps.
/// </summary>
internal static class Division32
{
    internal readonly struct DivU : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b == 0 ? uint.MaxValue : a / b;
    }

    internal readonly struct RemU : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b == 0 ? a : a % b;
    }

    internal readonly struct DivS : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b == 0 ? uint.MaxValue : b == uint.MaxValue ? 0 - a : (uint)((int)a / (int)b);
    }

    internal readonly struct RemS : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b == 0 ? a : b == uint.MaxValue ? 0 : (uint)((int)a % (int)b);
    }
}

/// <inheritdoc cref="Division32"/>
internal static class Division16
{
    internal readonly struct DivU : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b == 0 ? ushort.MaxValue : a / b;
    }

    internal readonly struct RemU : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b == 0 ? a : a % b;
    }

    internal readonly struct DivS : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b == 0 ? ushort.MaxValue : (ushort)((short)a / (short)b);
    }

    internal readonly struct RemS : IScalarBinary<uint, uint>
    {
        public static uint Apply(uint a, uint b) => b == 0 ? a : (ushort)((short)a % (short)b);
    }
}

/// <inheritdoc cref="Division32"/>
internal static class Division64
{
    internal readonly struct DivU : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => b == 0 ? ulong.MaxValue : a / b;
    }

    internal readonly struct RemU : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => b == 0 ? a : a % b;
    }

    internal readonly struct DivS : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => b == 0 ? ulong.MaxValue : b == ulong.MaxValue ? 0 - a : (ulong)((long)a / (long)b);
    }

    internal readonly struct RemS : IScalarBinary<ulong, ulong>
    {
        public static ulong Apply(ulong a, ulong b) => b == 0 ? a : b == ulong.MaxValue ? 0 : (ulong)((long)a % (long)b);
    }
}
