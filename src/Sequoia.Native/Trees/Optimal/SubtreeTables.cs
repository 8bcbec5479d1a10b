namespace Sequoia.Native.Trees;

/// <summary>
/// G of every depth: the most expected tokens of a subtree by its maximum number of nodes, given that its root is
/// accepted. Two things differ from depth to depth: the rows of acceptance, up to the last one,
/// and the number of levels left.
/// </summary>
internal sealed class SubtreeTables
{
    // 20 bytes per entry.
    private const long MaxEntries = 1L << 26;

    private readonly double[][] _rows;
    private readonly int _maxSize;
    private readonly int? _levels;
    // By depth, where a further row of acceptance follows; index 0, the root, is left out.
    private readonly ConcaveMajorant[] _head;
    // For the last row, by levels left - 1; further levels change nothing after its end.
    private readonly List<ConcaveMajorant> _tail;
    private (double[] Row, ConcaveMajorant Subtree, SiblingTable Table)? _latest;

    /// <param name="rows">Acceptance by depth of the parent and rank; none is empty or ends in 0. At most levels - 1.</param>
    /// <param name="maxSize">Nodes allowed.</param>
    /// <param name="levels">Levels allowed; null: any number.</param>
    public SubtreeTables(double[][] rows, int maxSize, int? levels)
    {
        (_rows, _maxSize, _levels) = (rows, maxSize, levels);
        int last = rows.Length - 1;
        _tail = levels is { } bound ? Bounded(bound - Math.Max(last, 1)) : [Unbounded()];
        _head = new ConcaveMajorant[Math.Max(last, 1)];
        for (int depth = last - 1; depth >= 1; depth--)
            _head[depth] = Siblings(depth, maxSize).Best();
    }

    /// <summary>Whether nodes of a depth may have children.</summary>
    public bool HasChildren(int depth) => _levels is null || depth + 1 < _levels;

    /// <summary>What the children of nodes of a depth add, for subtrees of at most <paramref name="size"/> nodes, such a node included.</summary>
    public SiblingTable Siblings(int depth, int size)
    {
        double[] row = _rows[Math.Min(depth, _rows.Length - 1)];
        ConcaveMajorant subtree = Of(depth + 1);
        if (_latest is { } latest && latest.Row == row && latest.Subtree == subtree && latest.Table.Count >= size)
            return latest.Table;
        var table = new SiblingTable(row, subtree, size);
        table.Fill(size);
        _latest = (row, subtree, table);
        return table;
    }

    private ConcaveMajorant Of(int depth) =>
        depth < _rows.Length - 1 ? _head[depth] : _tail[Math.Min(_levels - depth ?? int.MaxValue, _tail.Count) - 1];

    /// <summary>G refers to itself, but only to fewer nodes.</summary>
    private ConcaveMajorant Unbounded()
    {
        double[] row = _rows[^1];
        var best = new ConcaveMajorant(_maxSize + 1);
        var table = new SiblingTable(row, best, _maxSize);
        best.Append(0);
        best.Append(1);
        table.FillWithSubtree(_maxSize);
        _latest = (row, best, table);
        return best;
    }

    private List<ConcaveMajorant> Bounded(int levels)
    {
        var tables = new List<ConcaveMajorant>();
        foreach (ConcaveMajorant table in LevelTables.Of(_rows[^1], _maxSize).Take(levels))
        {
            if ((long)tables.Count * _maxSize > MaxEntries)
                throw new InvalidInputException($"an optimal tree of {_maxSize} nodes and {_levels} levels needs too much memory where acceptance rises with the rank; allow fewer of either, or any number of levels");
            tables.Add(table);
        }
        return tables;
    }
}
