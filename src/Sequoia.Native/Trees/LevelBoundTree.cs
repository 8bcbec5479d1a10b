namespace Sequoia.Native.Trees;

/// <summary>
/// The best tree of at most so many levels: as <see cref="UnboundedTree"/>, but the subtrees of a d-level tree have at
/// most d-1 levels, so there is one G for each d.
/// </summary>
internal static class LevelBoundTree
{
    public static int[] Parents(ReadOnlySpan<double> p, int maxSize, int levels)
    {
        double[] values = p.ToArray();
        var bestByLevels = new List<ConcaveMajorant> { Lone(maxSize) };
        while (bestByLevels.Count < levels)
        {
            ConcaveMajorant deeper = Best(Added(values, bestByLevels[^1], maxSize), maxSize);
            // Where one level more changes nothing, no further ones will.
            if (deeper.Values.SequenceEqual(bestByLevels[^1].Values))
                break;
            bestByLevels.Add(deeper);
        }

        // The S of all levels would take much memory. The walk goes from level to level, so each is made once more.
        ConcaveMajorant[]? added = null;
        int addedFor = 0;
        return TreeBacktrack.Parents(
            p,
            maxSize,
            below =>
            {
                below = Math.Min(below, bestByLevels.Count);
                if (below != addedFor || added is null)
                    (added, addedFor) = (Added(values, bestByLevels[below - 1], maxSize), below);
                return (bestByLevels[below - 1], added);
            },
            levels);
    }

    /// <summary>G of a single level: the root, whatever the size allowed.</summary>
    private static ConcaveMajorant Lone(int maxSize)
    {
        var lone = new ConcaveMajorant(maxSize + 1);
        lone.Append(0);
        for (int n = 1; n <= maxSize; n++)
            lone.Append(1);
        return lone;
    }

    private static ConcaveMajorant Best(ConcaveMajorant[] added, int maxSize)
    {
        var best = new ConcaveMajorant(maxSize + 1);
        best.Append(0);
        for (int n = 1; n <= maxSize; n++)
            best.Append(1 + added[0].Values[n - 1]);
        return best;
    }

    private static ConcaveMajorant[] Added(double[] p, ConcaveMajorant subtree, int maxSize)
    {
        ConcaveMajorant[] added = new ConcaveMajorant[p.Length + 1];
        for (int k = p.Length; k >= 0; k--)
        {
            added[k] = new ConcaveMajorant(maxSize);
            added[k].Append(0);
            int top = 1;
            for (int m = 1; m < maxSize; m++)
                added[k].Append(k == p.Length ? 0 : SizeSplit.Most(p[k], subtree, added[k + 1], m, ref top));
        }
        return added;
    }
}
