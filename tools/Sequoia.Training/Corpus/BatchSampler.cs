namespace Sequoia.Training.Corpus;

/// <summary>
/// Draws training rows: the source by its share, then that source's next row. Each source is gone through
/// completely, in a new order every time. Its whole state is three small integers per source and a counter.
/// </summary>
internal sealed class BatchSampler
{
    private readonly TokenStore _store;
    private readonly int _length;
    private readonly ulong _seed;
    private readonly List<ushort[]>[] _rows = new List<ushort[]>[Source.All.Count];

    public BatchSampler(TokenStore store, int rowLength, ulong seed, BatchSamplerState? state = null)
    {
        _store = store;
        _length = rowLength;
        _seed = seed;
        State = state ?? new BatchSamplerState(0, new int[_rows.Length], new int[_rows.Length]);
        for (int s = 0; s < _rows.Length; s++) _rows[s] = ShuffledRows(s);
    }

    public BatchSamplerState State { get; private set; }

    /// <summary>Fills <paramref name="batch"/> with rows of ids, one behind the other.</summary>
    public void Next(Span<long> batch)
    {
        for (int at = 0; at < batch.Length; at += _length)
        {
            int s = Draw();
            if (State.Next[s] == _rows[s].Count)
            {
                State.Next[s] = 0;
                State.Epoch[s]++;
                _rows[s] = ShuffledRows(s);
            }

            ushort[] row = _rows[s][State.Next[s]++];
            for (int i = 0; i < _length; i++) batch[at + i] = row[i];
        }
    }

    private int Draw()
    {
        double u = SplitMix64.Uniform(_seed ^ 0x5EED, (ulong)State.Drawn);
        State = State with { Drawn = State.Drawn + 1 };
        for (int s = 0; s < Source.All.Count - 1; s++)
        {
            u -= Source.All[s].Share;
            if (u < 0) return s;
        }

        return Source.All.Count - 1;
    }

    private List<ushort[]> ShuffledRows(int s)
    {
        ulong key = SplitMix64.Hash(_seed + (ulong)s, (ulong)State.Epoch[s]);
        ReadOnlyMemory<ushort>[] documents = [.. _store.Documents(Source.All[s].Name, heldOut: false)];
        Shuffle(documents, key);
        List<ushort[]> rows = RowPacker.Pack(documents, _length);
        // Rows of one book would follow each other.
        ushort[][] order = [.. rows];
        Shuffle(order, key + 1);
        return [.. order];
    }

    internal static void Shuffle<T>(T[] items, ulong key)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = (int)(SplitMix64.Hash(key, (ulong)i) % (ulong)(i + 1));
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}

/// <summary>Where a <see cref="BatchSampler"/> stands.</summary>
internal sealed record BatchSamplerState(long Drawn, int[] Epoch, int[] Next);
