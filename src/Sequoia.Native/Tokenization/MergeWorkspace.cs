namespace Sequoia.Native.Tokenization;

/// <summary>
/// The symbols of one word, merged pair by pair: lowest rank first, leftmost first among equals. A linked list and
/// a heap make it O(n log n), so that a text without word boundaries is not a problem. One workspace serves one call.
/// </summary>
internal sealed class MergeWorkspace
{
    private const int Dead = int.MinValue;
    private readonly PriorityQueue<Candidate, ulong> _queue = new();
    private int[] _ids = new int[64];
    private int[] _previous = new int[64];
    private int[] _next = new int[64];
    private int _count;

    /// <summary>The symbol at the position when the pair was added; if it has changed since, the pair is stale.</summary>
    private readonly record struct Candidate(int Left, int LeftId, int RightId, int MergedId);

    public void Clear() => _count = 0;

    public void Add(int id)
    {
        if (_count == _ids.Length)
        {
            Array.Resize(ref _ids, 2 * _count);
            Array.Resize(ref _previous, 2 * _count);
            Array.Resize(ref _next, 2 * _count);
        }
        _ids[_count++] = id;
    }

    /// <summary>The number of symbols; after <see cref="Merge"/>, the number left.</summary>
    public int Count => _count;

    public int this[int index] => _ids[index];

    public void Merge(MergeTable table)
    {
        for (int i = 0; i < _count; i++)
        {
            _previous[i] = i - 1;
            _next[i] = i + 1 < _count ? i + 1 : -1;
        }
        for (int i = 0; i + 1 < _count; i++)
            Offer(table, i, i + 1);

        while (_queue.TryDequeue(out Candidate pair, out _))
        {
            int left = pair.Left;
            int right = _next[left];
            if (_ids[left] != pair.LeftId || right < 0 || _ids[right] != pair.RightId)
                continue;
            _ids[left] = pair.MergedId;
            _ids[right] = Dead;
            int after = _next[left] = _next[right];
            if (after >= 0)
            {
                _previous[after] = left;
                Offer(table, left, after);
            }
            if (_previous[left] >= 0)
                Offer(table, _previous[left], left);
        }

        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (_ids[i] != Dead)
                _ids[kept++] = _ids[i];
        }
        _count = kept;
    }

    private void Offer(MergeTable table, int left, int right)
    {
        if (table.TryGet(_ids[left], _ids[right], out MergeTable.Merge merge))
            _queue.Enqueue(new Candidate(left, _ids[left], _ids[right], merge.Id), ((ulong)(uint)merge.Rank << 32) | (uint)left);
    }
}

/// <summary>Which two adjacent symbols merge, into which symbol, and with which rank (a lower rank merges first).</summary>
internal sealed class MergeTable(int capacity)
{
    private readonly Dictionary<ulong, Merge> _merges = new(capacity);

    public readonly record struct Merge(int Rank, int Id);

    /// <summary>A repeated pair takes the later rank, as in Hugging Face tokenizers.</summary>
    public void Set(int left, int right, Merge merge) => _merges[Key(left, right)] = merge;

    public bool TryGet(int left, int right, out Merge merge) => _merges.TryGetValue(Key(left, right), out merge);

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
