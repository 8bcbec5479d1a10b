namespace Sequoia.Native.Trees;

/// <summary>
/// The best tree of at most so many levels: as <see cref="UnboundedTree"/>, but the subtrees of a d-level tree have at
/// most d-1 levels. O(N^2 B L) time, less where further levels change nothing any more; O(N B L) memory.
/// </summary>
internal static class LevelBoundTree
{
    public static int[] Parents(ReadOnlySpan<double> p, int maxSize, int levels)
    {
        int ranks = p.Length;
        double[] best = new double[maxSize + 1];
        best.AsSpan(1).Fill(1);
        var tables = new List<(double[] Best, double[][] Added)>();
        for (int level = 2; level <= levels; level++)
        {
            double[][] rest = new double[ranks + 1][];
            rest[ranks] = new double[maxSize];
            for (int k = ranks - 1; k >= 0; k--)
                rest[k] = Join(p[k], best, rest[k + 1]);
            tables.Add((best, rest));

            double[] deeper = new double[maxSize + 1];
            for (int n = 1; n <= maxSize; n++)
                deeper[n] = 1 + rest[0][n - 1];
            if (deeper.AsSpan().SequenceEqual(best))
                break;
            best = deeper;
        }
        // Entry i is of a node below which i + 1 further levels are allowed; past the last one nothing changes.
        return TreeBacktrack.Parents(p, maxSize, below => tables[Math.Min(below, tables.Count) - 1], levels);
    }

    // most[m] = max(0, max over j of p G[j] + younger[m-j]), written so that the inner loop is one addition for each m.
    private static double[] Join(double p, double[] best, double[] younger)
    {
        double[] most = new double[younger.Length];
        for (int j = 1; j < most.Length; j++)
        {
            double gain = p * best[j];
            Span<double> into = most.AsSpan(j);
            MaxOfSums(into, younger.AsSpan(0, into.Length), gain);
        }
        return most;
    }

    private static void MaxOfSums(Span<double> into, ReadOnlySpan<double> terms, double gain)
    {
        var gains = new System.Numerics.Vector<double>(gain);
        int width = System.Numerics.Vector<double>.Count;
        int i = 0;
        for (; i <= into.Length - width; i += width)
        {
            var sums = new System.Numerics.Vector<double>(terms[i..]) + gains;
            System.Numerics.Vector.Max(new System.Numerics.Vector<double>(into[i..]), sums).CopyTo(into[i..]);
        }
        for (; i < into.Length; i++)
            into[i] = Math.Max(into[i], terms[i] + gain);
    }
}
