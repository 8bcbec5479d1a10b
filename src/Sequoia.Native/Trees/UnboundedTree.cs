namespace Sequoia.Native.Trees;

/// <summary>
/// The best tree of any number of levels, by dynamic programming over sizes. With
/// G[n] = most expected tokens of a tree of at most n nodes and
/// S_k[m] = most that the children of ranks k, k+1, ... of one node can add with at most m nodes:
/// G[n] = 1 + S_1[n-1], S_k[m] = max(0, max over 1 &lt;= j &lt;= m of p_k G[j] + S_(k+1)[m-j]).
/// "At most" makes every entry feasible.
/// </summary>
internal static class UnboundedTree
{
    public static int[] Parents(ReadOnlySpan<double> p, int maxSize)
    {
        int ranks = p.Length;
        var best = new ConcaveMajorant(maxSize + 1);
        // Row k - 1 is S_k; the row behind the last rank stays 0.
        ConcaveMajorant[] added = [.. Enumerable.Range(0, ranks + 1).Select(_ => new ConcaveMajorant(maxSize))];
        int[] tops = new int[ranks];
        best.Append(0);
        best.Append(1);
        foreach (ConcaveMajorant row in added)
            row.Append(0);
        for (int m = 1; m < maxSize; m++)
        {
            added[ranks].Append(0);
            for (int k = ranks - 1; k >= 0; k--)
                added[k].Append(SizeSplit.Most(p[k], best, added[k + 1], m, ref tops[k]));
            best.Append(1 + added[0].Values[m]);
        }
        return TreeBacktrack.Parents(p, maxSize, _ => (best, added), levels: int.MaxValue);
    }
}
