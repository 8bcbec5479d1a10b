using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sequoia.Native.Trees;

/// <summary>
/// Shares m nodes between one child's subtree and its younger siblings: the most of p G[j] + S[m-j] over 1 &lt;= j &lt;= m.
/// The same with the concave majorants of G and S is concave in j and nowhere less, so the search begins at its top and
/// ends on either side where even the majorants cannot do better; or where one of the two sequences, which never fall, would
/// have to get more than all nodes give it. Exact for all such sequences, and fast for nearly concave ones.
/// </summary>
internal static class SizeSplit
{
    // Majorants are interpolated, so rounding can put them a hair above sums that they equal, over long stretches.
    private const double Hair = 1 + 1e-13;
    private const int FirstStretch = 16;
    private const int LongestStretch = 1024;

    /// <param name="p">The child's probability.</param>
    /// <param name="subtree">G, at least up to m.</param>
    /// <param name="younger">S, at least up to m-1.</param>
    /// <param name="m">Nodes to share, at least 1.</param>
    /// <param name="start">Where to begin: the top for m-1; becomes the top for m.</param>
    public static double Most(double p, ConcaveMajorant subtree, ConcaveMajorant younger, int m, ref int start)
    {
        int top = Math.Clamp(start, 1, m);
        double here = Bound(top), above = top < m ? Bound(top + 1) : 0, below = top > 1 ? Bound(top - 1) : 0;
        for (; above > here; top++)
            (below, here, above) = (here, above, top + 2 <= m ? Bound(top + 2) : 0);
        for (; below > here; top--)
            (above, here, below) = (here, below, top - 2 >= 1 ? Bound(top - 2) : 0);
        start = top;

        ReadOnlySpan<double> g = subtree.Values;
        ReadOnlySpan<double> s = younger.Values;
        double most = (p * g[top]) + s[m - top];
        // Stretches grow, so that bounds are checked often where the search is short and seldom where it is long.
        int length = FirstStretch;
        for (int from = top + 1; from <= m && Math.Min(above, (p * g[m]) + s[m - from]) > most * Hair; length = Math.Min(2 * length, LongestStretch))
        {
            int count = Math.Min(length, m - from + 1);
            most = double.MaxNative(most, MostOf(p, g.Slice(from, count), younger.Backwards(m - from, count)));
            from += count;
            above = from <= m ? Bound(from) : 0;
        }
        length = FirstStretch;
        for (int to = top - 1; to >= 1 && Math.Min(below, (p * g[to]) + s[m - 1]) > most * Hair; length = Math.Min(2 * length, LongestStretch))
        {
            int count = Math.Min(length, to);
            most = double.MaxNative(most, MostOf(p, g.Slice(to - count + 1, count), younger.Backwards(m - to + count - 1, count)));
            to -= count;
            below = to >= 1 ? Bound(to) : 0;
        }
        return most;

        double Bound(int j) => (p * subtree.Upper(j)) + younger.Upper(m - j);
    }

    /// <summary>The most of p g[i] + s[i].</summary>
    private static double MostOf(double p, ReadOnlySpan<double> g, ReadOnlySpan<double> s)
    {
        double most = 0;
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            var scale = Vector256.Create(p);
            // Four at a time, as each maximum waits for the one before it.
            Vector256<double> a = Vector256<double>.Zero, b = a, c = a, d = a;
            for (; i <= g.Length - 16; i += 16)
            {
                a = Vector256.MaxNative(a, Sums(g, s, i, scale));
                b = Vector256.MaxNative(b, Sums(g, s, i + 4, scale));
                c = Vector256.MaxNative(c, Sums(g, s, i + 8, scale));
                d = Vector256.MaxNative(d, Sums(g, s, i + 12, scale));
            }
            for (; i <= g.Length - 4; i += 4)
                a = Vector256.MaxNative(a, Sums(g, s, i, scale));
            a = Vector256.MaxNative(Vector256.MaxNative(a, b), Vector256.MaxNative(c, d));
            var half = Vector128.MaxNative(a.GetLower(), a.GetUpper());
            most = double.MaxNative(half.ToScalar(), half.GetElement(1));
        }
        for (; i < g.Length; i++)
            most = double.MaxNative(most, (p * g[i]) + s[i]);
        return most;
    }

    private static Vector256<double> Sums(ReadOnlySpan<double> g, ReadOnlySpan<double> s, int i, Vector256<double> scale)
    {
        var subtree = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(g), (nuint)i);
        var younger = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(s), (nuint)i);
        return (subtree * scale) + younger;
    }
}
