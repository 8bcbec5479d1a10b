namespace Sequoia.Native.Tokenization;

/// <summary>Which two neighbouring symbols merge, into what, and how soon (a lower rank goes first).</summary>
internal sealed class MergeTable(int capacity)
{
    private readonly Dictionary<ulong, Merge> _merges = new(capacity);

    public readonly record struct Merge(int Rank, int Id);

    /// <summary>A pair that comes again takes the later rank, as in Hugging Face tokenizers.</summary>
    public void Set(int left, int right, Merge merge) => _merges[Key(left, right)] = merge;

    public bool TryGet(int left, int right, out Merge merge) => _merges.TryGetValue(Key(left, right), out merge);

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
