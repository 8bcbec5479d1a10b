namespace Sequoia.SoftwareGpu.Check;

/// <summary>Bytes at device addresses, or at the addresses of registered host memory.</summary>
internal readonly record struct ByteRange(ulong Start, ulong End)
{
    public ulong Bytes => End - Start;

    /// <summary>The first bytes that are in both lists, which are ascending. Null if there are none.</summary>
    public static ByteRange? FirstCommon(ByteRange[] some, ByteRange[] others)
    {
        if (some.Length > others.Length)
            (some, others) = (others, some);
        int from = 0;
        foreach (ByteRange one in some)
        {
            from = FirstEndingAfter(others, from, one.Start);
            if (from == others.Length)
                return null;
            if (others[from].Start < one.End)
                return new ByteRange(Math.Max(one.Start, others[from].Start), Math.Min(one.End, others[from].End));
        }
        return null;
    }

    private static int FirstEndingAfter(ByteRange[] ranges, int from, ulong address)
    {
        int to = ranges.Length;
        while (from < to)
        {
            int middle = (from + to) / 2;
            if (ranges[middle].End > address)
                to = middle;
            else
                from = middle + 1;
        }
        return from;
    }
}
