namespace Sequoia.Native.Tokenization;

/// <summary>What each id gives when ids become text again, and the rules between them. Immutable.</summary>
internal sealed class DecodingTable
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;
    private readonly Role[] _roles;

    /// <param name="size">Number of ids.</param>
    /// <param name="entry">The role and the UTF-8 bytes (or part of some) of each id.</param>
    public DecodingTable(int size, Func<int, (Role Role, byte[] Bytes)> entry)
    {
        _ends = new int[size];
        _roles = new Role[size];
        var all = new MemoryStream();
        for (int id = 0; id < size; id++)
        {
            (_roles[id], byte[] bytes) = entry(id);
            all.Write(bytes);
            _ends[id] = (int)all.Length;
        }
        _bytes = all.ToArray();
    }

    internal enum Role : byte
    {
        /// <summary>Gives nothing, as if it were not there: special tokens and holes.</summary>
        Skip,

        /// <summary>Whole characters; half a character before them will never be completed.</summary>
        Text,

        /// <summary>Bytes that may begin, continue or end a character.</summary>
        Bytes,
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

    /// <summary>Ids outside of the vocabulary are skipped, as models with padded embeddings can give them.</summary>
    public Role RoleOf(int id) => (uint)id < (uint)_roles.Length ? _roles[id] : Role.Skip;

    public ReadOnlySpan<byte> BytesOf(int id)
    {
        int start = id == 0 ? 0 : _ends[id - 1];
        return _bytes.AsSpan(start, _ends[id] - start);
    }
}
