namespace Sequoia.Native.Backends.Streaming;

/// <summary>
/// A pass as a table: for each chunk its place, and the chunk whose end makes that place free. It is computed once, so that addresses are
/// the same in every pass. Chunks are numbered in the order of use; a pass follows the other in the ring, so the first chunks of a pass wait for the last
/// ones of the pass before. Immutable.
/// </summary>
internal sealed class StreamTable
{
    private readonly long[] _offsets;
    private readonly int[] _after;

    /// <param name="bytes">The bytes of each chunk; 0 of those that are resident.</param>
    /// <param name="ringBytes">The bytes of the ring.</param>
    /// <exception cref="ArgumentException">The ring is smaller than the largest chunk, so that a pass would wait for ever.</exception>
    public StreamTable(ReadOnlySpan<long> bytes, long ringBytes)
    {
        int count = bytes.Length;
        (_offsets, _after, RingBytes) = (new long[count], new int[count], ringBytes);
        long at = 0;
        for (int i = 0; i < count; i++)
        {
            if (bytes[i] > ringBytes)
                throw new ArgumentException($"a ring of {ringBytes} bytes cannot hold a chunk of {bytes[i]}", nameof(ringBytes));
            if (at + bytes[i] > ringBytes)
                at = 0;
            _offsets[i] = at;
            at += bytes[i];
        }
        // The last earlier chunk that shares bytes: of this pass, or else of the pass before.
        for (int i = 0; i < count; i++)
        {
            int after = bytes[i] == 0 ? i - count : i - 1;
            while (after > i - count && !Overlap(bytes, i, after < 0 ? after + count : after))
                after--;
            _after[i] = after;
        }
    }

    /// <summary>The bytes of the ring.</summary>
    public long RingBytes { get; }

    /// <summary>The number of chunks.</summary>
    public int Count => _offsets.Length;

    /// <summary>The offset of a chunk in the ring.</summary>
    public long Offset(int chunk) => _offsets[chunk];

    /// <summary>
    /// The last chunk that must have been used before this one may be read: from 0 on of the same pass, below 0 counted from the end of the pass
    /// before, where -1 is its last chunk. A resident chunk waits for its own last use only.
    /// </summary>
    public int After(int chunk) => _after[chunk];

    private bool Overlap(ReadOnlySpan<long> bytes, int a, int b) =>
        bytes[b] > 0 && _offsets[a] < _offsets[b] + bytes[b] && _offsets[b] < _offsets[a] + bytes[a];
}
