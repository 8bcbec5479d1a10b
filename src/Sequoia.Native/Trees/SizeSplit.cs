namespace Sequoia.Native.Trees;

/// <summary>
/// Shares m nodes between one child's subtree and its younger siblings: the most of p G[j] + S[m-j] over 1 &lt;= j &lt;= m.
/// The same with the concave majorants of G and S is concave in j and nowhere less, so the search begins at its top and
/// ends on either side where even the majorants cannot do better. Exact, and for nearly concave sequences fast.
/// </summary>
internal static class SizeSplit
{
    // Majorants are interpolated, so rounding can put them a hair above sums that they equal, over long stretches.
    private const double Hair = 1 + 1e-13;

    /// <param name="p">The child's probability.</param>
    /// <param name="subtree">G, at least up to m.</param>
    /// <param name="younger">S, at least up to m-1.</param>
    /// <param name="m">Nodes to share, at least 1.</param>
    /// <param name="start">Where to begin: the top for m-1; becomes the top for m.</param>
    public static double Most(double p, ConcaveMajorant subtree, ConcaveMajorant younger, int m, ref int start)
    {
        ReadOnlySpan<double> g = subtree.Upper;
        ReadOnlySpan<double> s = younger.Upper;
        int top = Math.Clamp(start, 1, m);
        while (top < m && (p * g[top + 1]) + s[m - top - 1] > (p * g[top]) + s[m - top])
            top++;
        while (top > 1 && (p * g[top - 1]) + s[m - top + 1] > (p * g[top]) + s[m - top])
            top--;
        start = top;

        ReadOnlySpan<double> gains = subtree.Values;
        ReadOnlySpan<double> rest = younger.Values;
        double most = 0;
        for (int j = top; j <= m && (p * g[j]) + s[m - j] > most * Hair; j++)
            most = Math.Max(most, (p * gains[j]) + rest[m - j]);
        for (int j = top - 1; j >= 1 && (p * g[j]) + s[m - j] > most * Hair; j--)
            most = Math.Max(most, (p * gains[j]) + rest[m - j]);
        return most;
    }
}
