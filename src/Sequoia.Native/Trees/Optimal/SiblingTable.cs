namespace Sequoia.Native.Trees;

/// <summary>
/// The expected tokens that the children of one node can add. With G[j] = most expected tokens of a child's subtree of at most j nodes, and
/// p_k = acceptance of rank k,
/// S_k[m] = most that the children of ranks k, k+1, ... add with at most m nodes
///        = max(0, max over 1 &lt;= j &lt;= m of p_k G[j] + S_(k+1)[m-j]), and 0 after the last rank.
/// "At most" makes every entry feasible.
/// </summary>
internal sealed class SiblingTable
{
    private readonly double[] _p;
    // Row k - 1 is S_k.
    private readonly ConcaveMajorant[] _rows;
    // The start of the search for the best share of each rank.
    private readonly int[] _starts;
    private ConcaveMajorant _subtree;

    /// <param name="p">Acceptance by rank; the last one is not 0.</param>
    /// <param name="subtree">G; may grow along with this table.</param>
    /// <param name="capacity">The maximum number of entries of a row, including that of m = 0.</param>
    public SiblingTable(double[] p, ConcaveMajorant subtree, int capacity)
    {
        _p = p;
        _subtree = subtree;
        _rows = new ConcaveMajorant[p.Length];
        _starts = new int[p.Length];
        for (int k = 0; k < p.Length; k++)
        {
            _rows[k] = new ConcaveMajorant(capacity);
            _rows[k].Append(0);
        }
    }

    /// <summary>Number of ranks.</summary>
    public int Ranks => _p.Length;

    /// <summary>Entries of each row.</summary>
    public int Count => _rows[0].Count;

    /// <summary>S_k, for k from 1 on.</summary>
    public ReadOnlySpan<double> this[int k] => _rows[k - 1].Values;

    /// <summary>Fills every row up to <paramref name="count"/> entries; G must reach as far.</summary>
    public void Fill(int count)
    {
        Span<double> most = stackalloc double[SizeSplit.Tile];
        for (int k = _p.Length - 1; k >= 0; k--)
        {
            ConcaveMajorant row = _rows[k];
            while (row.Count < count)
            {
                Span<double> tile = most[..Math.Min(SizeSplit.Tile, count - row.Count)];
                int first = row.Count;
                if (IsShared(k))
                    SizeSplit.Most(_p[k], _subtree, _rows[k + 1], first, tile, ref _starts[k]);
                for (int i = 0; i < tile.Length; i++)
                    row.Append(IsShared(k) ? tile[i] : Unshared(k, first + i));
            }
        }
    }

    /// <summary>
    /// Fills every row up to <paramref name="count"/> entries, where these rows define G:
    /// G[m + 1] = 1 + S_1[m], which is appended as soon as it is known.
    /// </summary>
    public void FillWithSubtree(int count)
    {
        double[] tiles = new double[_p.Length * SizeSplit.Tile];
        for (int first = Count; first < count; first = Count)
        {
            int width = Math.Min(SizeSplit.Tile, count - first);
            // First the pairs in which both are known, for all m of a tile; then the others, m by m.
            for (int k = 0; k < _p.Length - 1; k++)
            {
                if (IsShared(k))
                    SizeSplit.Most(_p[k], _subtree, _rows[k + 1], first, tiles.AsSpan(k * SizeSplit.Tile, width), ref _starts[k]);
            }
            for (int i = 0; i < width; i++)
            {
                for (int k = _p.Length - 1; k >= 0; k--)
                    _rows[k].Append(IsShared(k) ? Math.Max(tiles[(k * SizeSplit.Tile) + i], MostOfLatest(k, first, first + i)) : Unshared(k, first + i));
                _subtree.Append(1 + _rows[0].Values[first + i]);
            }
        }
    }

    /// <summary>Switches to another G, whose first <paramref name="same"/> entries are those of the old one.</summary>
    public void Rebase(ConcaveMajorant subtree, int same)
    {
        _subtree = subtree;
        foreach (ConcaveMajorant row in _rows)
            row.Truncate(same);
        Array.Clear(_starts);
    }

    /// <summary>G of nodes with these children: the node itself, and what they add.</summary>
    public ConcaveMajorant Best()
    {
        var best = new ConcaveMajorant(Count + 1);
        best.Append(0);
        foreach (double added in this[1])
            best.Append(1 + added);
        return best;
    }

    /// <summary>The number of the m nodes that go to the child of rank k in a best tree; the smallest of several such numbers.</summary>
    public int Share(int k, int m)
    {
        ReadOnlySpan<double> subtree = _subtree.Values;
        int share;
        if (k == _p.Length)
        {
            // There is no sibling left to share with, but not all nodes may be useful.
            for (share = m; share > 1 && subtree[share - 1] == subtree[m]; share--) { }
            return share;
        }
        // The same sums as when the entry was computed, so one of them is bitwise equal.
        ReadOnlySpan<double> younger = this[k + 1];
        double most = this[k][m];
        for (share = 1; (_p[k - 1] * subtree[share]) + younger[m - share] != most; share++) { }
        return share;
    }

    // The last child has no sibling to share with, and one that is never accepted only makes room for the later ones.
    private bool IsShared(int k) => k < _p.Length - 1 && _p[k] > 0;

    private double Unshared(int k, int m) => k == _p.Length - 1 ? _p[k] * _subtree.Values[m] : _rows[k + 1].Values[m - 1];

    /// <summary>The most of p G[j] + S[m-j] of the pairs with a G or an S that was not known when entry first was the next one.</summary>
    private double MostOfLatest(int k, int first, int m)
    {
        ReadOnlySpan<double> subtree = _subtree.Values, younger = _rows[k + 1].Values;
        double most = 0;
        for (int j = first + 1; j <= m; j++)
            most = double.MaxNative(most, (_p[k] * subtree[j]) + younger[m - j]);
        for (int j = Math.Min(m - first, first); j >= 1; j--)
            most = double.MaxNative(most, (_p[k] * subtree[j]) + younger[m - j]);
        return most;
    }
}
