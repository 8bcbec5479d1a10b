namespace Sequoia.Native.Backends;

/// <summary>
/// The rows of one forward pass of one model: nodes of any number of sequences. A row computes its node's token at position Committed + depth and
/// sees the sequence's committed tokens and the node's own path. Its keys and values go to row Committed + node of the sequence's cache.
/// </summary>
internal abstract class Pass(ModelRole role, int mostRows, int mostParts) : IDisposable
{
    private readonly PassRow[] _rows = new PassRow[mostRows];
    private readonly PassPart[] _parts = new PassPart[mostParts];
    private int _partCount;

    /// <summary>The model that runs the pass.</summary>
    public ModelRole Role { get; } = role;

    public int Count { get; private set; }

    /// <summary>The number of rows with logits: the last rows of the pass.</summary>
    public int LogitRows { get; private set; }

    /// <summary>The first row of the logits: row Count - LogitRows of the pass writes there, and the next rows follow.</summary>
    public int FirstLogit { get; private set; }

    public ReadOnlySpan<PassRow> Rows => _rows.AsSpan(0, Count);

    /// <summary>Contiguous rows of one sequence.</summary>
    public ReadOnlySpan<PassPart> Parts => _parts.AsSpan(0, _partCount);

    /// <summary>The rows that have logits.</summary>
    public ReadOnlySpan<PassRow> RowsWithLogits => Rows[^LogitRows..];

    public void Clear() => (Count, _partCount) = (0, 0);

    /// <summary>Adds nodes of a sequence, in ascending order.</summary>
    public void Add(Sequence sequence, ReadOnlySpan<int> nodes)
    {
        _parts[_partCount++] = new PassPart(sequence, Count, nodes.Length);
        foreach (int node in nodes)
            _rows[Count++] = new PassRow(sequence, node);
    }

    /// <summary>Completes the pass and copies its rows to the device.</summary>
    /// <param name="queue">The queue that will run the pass.</param>
    /// <param name="logitRows">The number of rows, from the end, that get logits.</param>
    /// <param name="firstLogit">The first row of logits.</param>
    public void Complete(WorkQueue queue, int logitRows, int firstLogit = 0)
    {
        (LogitRows, FirstLogit) = (logitRows, firstLogit);
        Upload(queue);
    }

    /// <summary>Sets the verdict of a part, instead of <see cref="Backend.VerifyTrees"/>.</summary>
    public virtual void Decide(WorkQueue queue, int part, ReadOnlySpan<int> path, int token)
    {
        Verdict verdict = _parts[part].Sequence.Verdict;
        verdict.Clear();
        foreach (int node in path)
            verdict.Accept(node, 0);
        verdict.Token = token;
    }

    public abstract void Dispose();

    protected abstract void Upload(WorkQueue queue);
}

/// <summary>A row of a pass.</summary>
internal readonly record struct PassRow(Sequence Sequence, int Node)
{
    private static readonly int[] s_itself = [0];

    /// <summary>Position in the text.</summary>
    public int Position => Sequence.Committed + (Node < 0 ? Node : Sequence.Tree.Depth(Node));

    /// <summary>Row of the sequence's cache.</summary>
    public int CacheRow => Sequence.Committed + Node;

    /// <summary>The rows that this row sees: this many first rows of the cache, followed by those of a path, numbered from there.</summary>
    public int Prefix => Sequence.Committed + Math.Min(Node, 0);

    /// <summary>The row's own path.</summary>
    public ReadOnlySpan<int> Path => Node < 0 ? s_itself : Sequence.Tree.Path(Node);
}

/// <summary>Contiguous rows of a pass that belong to one sequence.</summary>
internal readonly record struct PassPart(Sequence Sequence, int FirstRow, int Rows);
