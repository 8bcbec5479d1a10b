namespace Sequoia.Native.Trees;

/// <summary>
/// The best tree of any number of levels, by dynamic programming over sizes. With
/// G[n] = most expected tokens of a tree of at most n nodes and
/// S_k[m] = most that the children of ranks k, k+1, ... of one node can add with at most m nodes:
/// G[n] = 1 + S_1[n-1], S_k[m] = max(0, max over 1 &lt;= j &lt;= m of p_k G[j] + S_(k+1)[m-j]).
/// "At most" makes every entry feasible. O(N^2 B) time, O(N B) memory.
/// </summary>
internal static class UnboundedTree
{
    public static int[] Parents(ReadOnlySpan<double> p, int maxSize)
    {
        int ranks = p.Length;
        double[] best = new double[maxSize + 1];
        // Row k - 1 is S_k; the row behind the last rank stays 0.
        double[][] rest = [.. Enumerable.Range(0, ranks + 1).Select(_ => new double[maxSize])];
        best[1] = 1;
        for (int m = 1; m < maxSize; m++)
        {
            for (int k = ranks - 1; k >= 0; k--)
            {
                double[] younger = rest[k + 1];
                double most = 0;
                for (int j = 1; j <= m; j++)
                    most = Math.Max(most, (p[k] * best[j]) + younger[m - j]);
                rest[k][m] = most;
            }
            best[m + 1] = 1 + rest[0][m];
        }
        return TreeBacktrack.Parents(p, maxSize, _ => (best, rest), levels: int.MaxValue);
    }
}
