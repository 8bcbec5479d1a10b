namespace Sequoia.Native.Trees;

/// <summary>F of the best trees of all sizes, for 1, 2, ... levels.</summary>
internal static class ExpectedByLevels
{
    public static IEnumerable<double[]> Of(AcceptanceByDepth p, int maxSize)
    {
        int levels = maxSize;
        double[][] rows = UsefulRows.Of(p, maxSize, ref levels);
        IEnumerable<double[]> all =
            rows.Length == 0 ? [LevelTables.Lone(maxSize).Values.ToArray()]
            : UsefulRows.AreNonIncreasing(rows) ? Greedy(rows, maxSize)
            : rows.Length == 1 ? LevelTables.Of(rows[0], maxSize).Select(best => best.Values.ToArray())
            : OfMatrix(rows, maxSize);
        return all.Take(levels);
    }

    private static IEnumerable<double[]> Greedy(double[][] rows, int maxSize)
    {
        double[]? before = null;
        for (int levels = 1; ; levels++)
        {
            (_, double[] reached) = GreedyTree.Grow(rows, maxSize, levels);
            double[] sums = new double[maxSize + 1];
            for (int n = 1; n <= maxSize; n++)
                sums[n] = sums[n - 1] + (n <= reached.Length ? reached[n - 1] : 0);
            // Nodes on a further level would be children of nodes that are not used.
            if (before is not null && sums.AsSpan().SequenceEqual(before))
                yield break;
            yield return before = sums;
        }
    }

    /// <summary>Rows of the matrix, from the bottom up, above trees for its last row.</summary>
    private static IEnumerable<double[]> OfMatrix(double[][] rows, int maxSize)
    {
        ConcaveMajorant lone = LevelTables.Lone(maxSize);
        for (int levels = 1; levels < rows.Length; levels++)
            yield return Below(lone, levels - 1);
        foreach (ConcaveMajorant tail in LevelTables.Of(rows[^1], maxSize))
            yield return Below(tail, rows.Length - 1);

        double[] Below(ConcaveMajorant best, int depth)
        {
            while (--depth >= 0)
            {
                var table = new SiblingTable(rows[depth], best, maxSize);
                table.Fill(maxSize);
                best = table.Best();
            }
            return best.Values.ToArray();
        }
    }
}
