using Sequoia.Native.Numerics;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cpu;

internal sealed unsafe class CpuSequence : Sequence
{
    private readonly AlignedBuffer<float> _draftRows;
    private readonly int[] _draftRow, _tokens;
    private readonly int _padded, _feed;

    public CpuSequence(TokenTree tree, SpeculationMethod method, int vocabulary, int feed, KvPages target, KvPages? draft) : base(tree, method, target, draft)
    {
        _feed = feed;
        _tokens = new int[feed + tree.Size];
        _padded = VocabularyKernels.Padded(vocabulary);
        _draftRow = new int[tree.Size];
        int inner = 0;
        for (int node = 0; node < tree.Size; node++)
            _draftRow[node] = tree.ChildCount(node) > 0 ? inner++ : -1;
        _draftRows = new AlignedBuffer<float>((long)inner * _padded);
    }

    /// <summary>The token of a node, or of a committed token before the root.</summary>
    public ref int Token(int node) => ref _tokens[_feed + node];

    /// <summary>Room for the tokens of a node's children.</summary>
    public Span<int> Children(int node) => _tokens.AsSpan(_feed + Tree.FirstChild(node), Tree.ChildCount(node));

    /// <summary>The distribution that an inner node's children were drawn from.</summary>
    public float* DraftRow(int node) => _draftRows.Pointer + ((long)_draftRow[node] * _padded);

    public override void Place(WorkQueue queue, int firstNode, ReadOnlySpan<int> tokens) => tokens.CopyTo(_tokens.AsSpan(_feed + firstNode));

    public override void Download(WorkQueue queue, Span<int> tokens) => _tokens.AsSpan(_feed, tokens.Length).CopyTo(tokens);

    public override void Dispose() => _draftRows.Dispose();
}
