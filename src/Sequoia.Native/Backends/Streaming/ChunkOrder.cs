namespace Sequoia.Native.Backends.Streaming;

/// <summary>
/// The chunks of a pass in the order in which they become resident: the first k of it are spread evenly over a pass for every k, so that neither reading nor computing waits
/// long for the other; and a change of k moves no other chunk. Immutable.
/// </summary>
internal sealed class ChunkOrder
{
    private readonly int[] _order, _rank;
    private readonly long[] _before;

    /// <param name="bytes">The bytes of each chunk, in the order of use.</param>
    public ChunkOrder(IReadOnlyList<long> bytes)
    {
        // The fractional parts of multiples of the golden ratio: the first k in their order leave gaps of at most three sizes. Exact arithmetic modulo 2^64.
        const ulong GoldenRatio = 0x9E3779B97F4A7C15;
        ulong[] keys = [.. Enumerable.Range(0, bytes.Count).Select(chunk => unchecked((ulong)(chunk + 1) * GoldenRatio))];
        _order = [.. Enumerable.Range(0, bytes.Count)];
        Array.Sort(keys, _order);
        (_rank, _before) = (new int[bytes.Count], new long[bytes.Count + 1]);
        for (int i = 0; i < _order.Length; i++)
        {
            _rank[_order[i]] = i;
            _before[i + 1] = _before[i] + bytes[_order[i]];
            Largest = Math.Max(Largest, bytes[_order[i]]);
        }
    }

    public int Count => _order.Length;

    /// <summary>The bytes of all chunks.</summary>
    public long Bytes => _before[^1];

    public long Largest { get; }

    /// <summary>The place of a chunk in this order.</summary>
    public int Rank(int chunk) => _rank[chunk];

    /// <summary>The bytes of the first chunks.</summary>
    public long BytesOf(int count) => _before[count];

    /// <summary>How many of the first chunks have together at most this many bytes.</summary>
    public int MostWithin(long bytes)
    {
        int found = Array.BinarySearch(_before, bytes);
        // Without a match, the complement of the next larger one.
        return found >= 0 ? found : ~found - 1;
    }
}
