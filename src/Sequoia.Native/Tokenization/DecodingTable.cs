namespace Sequoia.Native.Tokenization;

/// <summary>The text of each id in decoding, and the rules between ids. Immutable.</summary>
internal sealed class DecodingTable
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;
    private readonly bool[] _given;

    /// <param name="size">Number of ids.</param>
    /// <param name="entry">The UTF-8 bytes of an id, or part of some; null if it gives no text, as special tokens do.</param>
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

    /// <summary>The number of spaces dropped at the very beginning of the decoded text.</summary>
    public int LeadingSpacesDropped { get; init; }

    /// <summary>
    /// Bytes that do not form a character: one U+FFFD for each (as in SentencePiece), or one for each maximal part of a
    /// character (as in Unicode, Rust and .NET; used by byte-level vocabularies).
    /// </summary>
    public bool ReplacesEachByte { get; init; }

    /// <summary>The text of an id at the very first position, if it differs (Metaspace decoders); may be null.</summary>
    public Func<int, byte[]>? FirstBytes { get; init; }

    /// <summary>Whether the id gives text; ids outside the vocabulary do not, and padded embeddings can produce them.</summary>
    public bool GivesText(int id) => (uint)id < (uint)_given.Length && _given[id];

    public ReadOnlySpan<byte> BytesOf(int id)
    {
        int start = id == 0 ? 0 : _ends[id - 1];
        return _bytes.AsSpan(start, _ends[id] - start);
    }
}
