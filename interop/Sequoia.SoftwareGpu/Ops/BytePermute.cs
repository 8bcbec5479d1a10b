namespace Sequoia.SoftwareGpu.Ops;

/// <summary>prmt: selects four bytes from the eight bytes of a (low) and b (high).</summary>
internal static class BytePermute
{
    internal readonly struct Select : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c) => Pick(a, b, (int)c & 15, (int)c >> 4 & 15, (int)c >> 8 & 15, (int)c >> 12 & 15);
    }

    internal readonly struct Forward : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c)
        {
            int n = (int)c & 3;
            return Pick(a, b, n, n + 1, n + 2, n + 3);
        }
    }

    internal readonly struct Backward : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c)
        {
            int n = (int)c & 3;
            return Pick(a, b, n, (n + 7) & 7, (n + 6) & 7, (n + 5) & 7);
        }
    }

    internal readonly struct Replicate8 : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c)
        {
            int n = (int)c & 3;
            return Pick(a, b, n, n, n, n);
        }
    }

    /// <summary>Bytes below the edge repeat the edge byte.</summary>
    internal readonly struct EdgeLeft : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c)
        {
            int n = (int)c & 3;
            return Pick(a, b, n, int.Max(n, 1), int.Max(n, 2), 3);
        }
    }

    /// <summary>Bytes above the edge repeat the edge byte.</summary>
    internal readonly struct EdgeRight : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c)
        {
            int n = (int)c & 3;
            return Pick(a, b, 0, int.Min(n, 1), int.Min(n, 2), n);
        }
    }

    internal readonly struct Replicate16 : IScalarTernary<uint>
    {
        public static uint Apply(uint a, uint b, uint c)
        {
            int n = ((int)c & 1) * 2;
            return Pick(a, b, n, n + 1, n, n + 1);
        }
    }

    private static uint Pick(uint a, uint b, int s0, int s1, int s2, int s3)
    {
        ulong bytes = ((ulong)b << 32) | a;
        return One(bytes, s0) | (One(bytes, s1) << 8) | (One(bytes, s2) << 16) | (One(bytes, s3) << 24);
    }

    /// <summary>Bit 3 of a selector selects copies of the byte's sign instead of the byte.</summary>
    private static uint One(ulong bytes, int selector)
    {
        uint value = (uint)(bytes >> (8 * (selector & 7))) & 0xFF;
        return (selector & 8) == 0 ? value : (value & 0x80) != 0 ? 0xFFu : 0;
    }
}
