using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sequoia.Native.Trees;

/// <summary>
/// Shares m nodes between one child's subtree and its later siblings: the most of p G[j] + S[m-j] over 1 &lt;= j &lt;= m, for
/// a tile of adjacent m at once, since adjacent m read the same j and their S are contiguous in memory.
/// The same sum with the concave majorants of G and S is concave in j and an upper bound, so the search begins at its maximum and
/// ends on either side where even the majorants cannot do better for any m of the tile, or where one of the two sequences,
/// which never decrease, would have to exceed its value for all nodes. Exact for all such sequences, and fast for nearly
/// concave ones.
/// </summary>
internal static class SizeSplit
{
    /// <summary>The number of m in a tile.</summary>
    public const int Tile = 32;

    // Majorants are interpolated, so rounding can put them slightly above sums that they equal, over long ranges.
    private const double Hair = 1 + 1e-13;
    private const int FirstStretch = 16;
    private const int LongestStretch = 256;

    /// <summary>
    /// The most for m = first, first + 1, ..., as many as <paramref name="most"/> holds, at most a tile. Pairs whose G or S is
    /// not known yet count as minus infinity.
    /// </summary>
    /// <param name="p">The child's probability, above 0.</param>
    /// <param name="subtree">G, up to first or further.</param>
    /// <param name="younger">S, up to first - 1 or further.</param>
    /// <param name="first">Nodes to share, at least 1.</param>
    /// <param name="most">Receives the sums.</param>
    /// <param name="start">The start of the search: the maximum for the last m. On return, the maximum for the last m of the tile.</param>
    public static void Most(double p, ConcaveMajorant subtree, ConcaveMajorant younger, int first, Span<double> most, ref int start)
    {
        Span<double> sums = stackalloc double[Tile];
        sums.Fill(double.NegativeInfinity);
        int last = first + most.Length - 1, highest = Math.Min(last, subtree.Count - 1);
        var search = new Search(p, subtree, younger, first, last);
        // The m of small tiles may have no known pair in common, and there is little to save.
        int bottom = 1, top = highest;
        if (first >= 2 * Tile)
        {
            bottom = search.Top(first, start);
            top = start = Math.Max(bottom, search.Top(last, bottom));
        }
        search.Look(bottom, top, sums);
        // Ranges grow, so that bounds are checked often in a short search and rarely in a long one.
        int length = FirstStretch;
        for (int from = top + 1; from <= highest && search.MayGainFrom(from, sums); length = Math.Min(2 * length, LongestStretch))
        {
            int to = Math.Min(highest, from + length - 1);
            search.Look(from, to, sums);
            from = to + 1;
        }
        length = FirstStretch;
        for (int to = bottom - 1; to >= 1 && search.MayGainDownFrom(to, sums); length = Math.Min(2 * length, LongestStretch))
        {
            int from = Math.Max(1, to - length + 1);
            search.Look(from, to, sums);
            to = from - 1;
        }
        sums[..most.Length].CopyTo(most);
    }

    private readonly ref struct Search(double p, ConcaveMajorant subtree, ConcaveMajorant younger, int first, int last)
    {
        private readonly ReadOnlySpan<double> _g = subtree.Values;
        private readonly ReadOnlySpan<double> _s = younger.Values;

        /// <summary>The maximum of the majorants' sum for m, over the known pairs.</summary>
        public int Top(int m, int start)
        {
            int least = Math.Max(1, m - younger.Count + 1), greatest = Math.Min(m, subtree.Count - 1);
            int top = Math.Clamp(start, least, greatest);
            double here = Bound(top, m);
            for (double next; top < greatest && (next = Bound(top + 1, m)) > here; top++)
                here = next;
            for (double next; top > least && (next = Bound(top - 1, m)) > here; top--)
                here = next;
            return top;
        }

        /// <summary>Whether some m could do better with some j from here on, above its maximum.</summary>
        public bool MayGainFrom(int j, ReadOnlySpan<double> sums)
        {
            for (int m = Math.Max(first, j); m <= last; m++)
            {
                // Unknown values have no bound.
                if (m - j >= younger.Count
                    || Math.Min(Bound(j, m), (p * _g[Math.Min(m, _g.Length - 1)]) + _s[m - j]) > sums[m - first] * Hair)
                    return true;
            }
            return false;
        }

        /// <summary>Whether some m could do better with some j up to here, below its maximum.</summary>
        public bool MayGainDownFrom(int j, ReadOnlySpan<double> sums)
        {
            for (int m = first; m <= last && m - j < younger.Count; m++)
            {
                if (Math.Min(Bound(j, m), (p * _g[j]) + _s[Math.Min(m - 1, _s.Length - 1)]) > sums[m - first] * Hair)
                    return true;
            }
            return false;
        }

        /// <summary>Includes the sums of all j in a range.</summary>
        public void Look(int from, int to, Span<double> sums)
        {
            ref double g = ref MemoryMarshal.GetReference(_g);
            // S of the smallest m for the last j; it moves up by one for each j before.
            ref double s = ref MemoryMarshal.GetReference(younger.From(first - to));
            ref double most = ref MemoryMarshal.GetReference(sums);
            var a = Vector512.LoadUnsafe(ref most);
            var b = Vector512.LoadUnsafe(ref most, 8);
            var c = Vector512.LoadUnsafe(ref most, 16);
            var d = Vector512.LoadUnsafe(ref most, 24);
            for (nuint j = (nuint)to, i = 0; j >= (nuint)from; j--, i++)
            {
                var share = Vector512.Create(p * Unsafe.Add(ref g, j));
                a = Vector512.MaxNative(a, share + Vector512.LoadUnsafe(ref s, i));
                b = Vector512.MaxNative(b, share + Vector512.LoadUnsafe(ref s, i + 8));
                c = Vector512.MaxNative(c, share + Vector512.LoadUnsafe(ref s, i + 16));
                d = Vector512.MaxNative(d, share + Vector512.LoadUnsafe(ref s, i + 24));
            }
            a.StoreUnsafe(ref most);
            b.StoreUnsafe(ref most, 8);
            c.StoreUnsafe(ref most, 16);
            d.StoreUnsafe(ref most, 24);
        }

        private double Bound(int j, int m) => (p * subtree.Upper(j)) + younger.Upper(m - j);
    }
}
