namespace Sequoia.Native.Tokenization;

/// <summary>What each id gives when ids become text again, and the rules between them. Immutable.</summary>
internal sealed class DecodingTable
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;
    private readonly bool[] _given;

    /// <param name="size">Number of ids.</param>
    /// <param name="entry">The UTF-8 bytes of an id, or part of some; null where it gives nothing, as special tokens do.</param>
    public DecodingTable(int size, Func<int, byte[]?> entry)
    {
        _ends = new int[size];
        _given = new bool[size];
        var all = new MemoryStream();
        for (int id = 0; id < size; id++)
        {
            byte[]? bytes = entry(id);
            _given[id] = bytes is not null;
            all.Write(bytes);
            _ends[id] = (int)all.Length;
        }
        _bytes = all.ToArray();
    }

    /// <summary>How many spaces at the very beginning of the decoded text are dropped.</summary>
    public int LeadingSpacesDropped { get; init; }

    /// <summary>
    /// Bytes that make no character: one U+FFFD for each (SentencePiece's way), or one for each maximal part of a
    /// character (the way of Unicode, Rust and .NET, used by byte-level vocabularies).
    /// </summary>
    public bool ReplacesEachByte { get; init; }

    /// <summary>What an id gives as the very first one instead, where that differs (Metaspace decoders); may be null.</summary>
    public Func<int, byte[]>? FirstBytes { get; init; }

    /// <summary>Whether the id gives text; those outside of the vocabulary do not, and padded embeddings can lead to them.</summary>
    public bool GivesText(int id) => (uint)id < (uint)_given.Length && _given[id];

    public ReadOnlySpan<byte> BytesOf(int id)
    {
        int start = id == 0 ? 0 : _ends[id - 1];
        return _bytes.AsSpan(start, _ends[id] - start);
    }
}
