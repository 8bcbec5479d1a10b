using System.Text;

namespace Sequoia.Native.Tokenization;

/// <summary>Converts one word to ids by byte-pair merges. Immutable once built.</summary>
internal sealed class BytePairEncoder
{
    /// <summary>Symbols that a word can begin with: single characters, and with <see cref="IgnoreMerges"/> whole words too.</summary>
    public required Dictionary<string, int> Symbols { get; init; }

    public required MergeTable Merges { get; init; }

    /// <summary>The ids of the 256 byte pieces; null if characters without a piece become <see cref="UnknownId"/>.</summary>
    public int[]? ByteIds { get; init; }

    /// <summary>The id for characters without a piece; if null, they are dropped.</summary>
    public int? UnknownId { get; init; }

    /// <summary>Whether adjacent unknown characters give one id instead of one each.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether a word that is a piece is used whole, even if no merges lead to it (Llama 3).</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Symbols from this id on are characters that have no piece but occur in one.</summary>
    public int FirstLooseSymbol { get; init; } = int.MaxValue;

    public IReadOnlyList<string> LooseSymbols { get; init; } = [];

    public void Encode(ReadOnlySpan<char> word, MergeWorkspace work, List<int> ids)
    {
        var symbols = Symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        if (IgnoreMerges && symbols.TryGetValue(word, out int whole))
        {
            ids.Add(whole);
            return;
        }

        work.Clear();
        for (int at = 0; at < word.Length;)
        {
            int length = char.IsHighSurrogate(word[at]) && at + 1 < word.Length ? 2 : 1;
            ReadOnlySpan<char> character = word.Slice(at, length);
            at += length;
            if (symbols.TryGetValue(character, out int id))
                work.Add(id);
            else
                AddUnknown(character, work.Add);
        }
        work.Merge(Merges);

        int first = ids.Count;
        for (int i = 0; i < work.Count; i++)
        {
            if (work[i] >= FirstLooseSymbol)
                AddUnknown(LooseSymbols[work[i] - FirstLooseSymbol], Emit);
            else
                Emit(work[i]);
        }

        void Emit(int id)
        {
            if (!(FuseUnknown && id == UnknownId && ids.Count > first && ids[^1] == id))
                ids.Add(id);
        }
    }

    private void AddUnknown(ReadOnlySpan<char> character, Action<int> add)
    {
        if (ByteIds is null)
        {
            if (UnknownId is { } unknown)
                add(unknown);
            return;
        }
        Span<byte> bytes = stackalloc byte[4];
        int count = Encoding.UTF8.GetBytes(character, bytes);
        foreach (byte value in bytes[..count])
            add(ByteIds[value]);
    }
}
