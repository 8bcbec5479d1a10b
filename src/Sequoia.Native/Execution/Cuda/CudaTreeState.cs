using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>A tree's tokens, the draft's logits at every inner node, and what drawing and verifying leave on the device.</summary>
internal sealed class CudaTreeState : TreeState
{
    private readonly DeviceBuffer<int> _firstChild, _childCount, _draftRow;
    private readonly int[] _draftRows;
    private readonly int[] _tokens;

    public CudaTreeState(CudaContext context, TokenTree tree, int vocabulary) : base(tree, SpeculationMethod.Sequoia)
    {
        Vocabulary = vocabulary;
        DraftStride = CudaActivations.StrideOf(vocabulary);
        _tokens = new int[tree.Size];
        Tokens = context.Upload<int>(_tokens);
        _draftRows = new int[tree.Size];
        int inner = 0;
        for (int node = 0; node < tree.Size; node++)
            _draftRows[node] = tree.ChildCount(node) > 0 ? inner++ : -1;
        _firstChild = context.Upload<int>([.. Enumerable.Range(0, tree.Size).Select(tree.FirstChild)]);
        _childCount = context.Upload<int>([.. Enumerable.Range(0, tree.Size).Select(tree.ChildCount)]);
        _draftRow = context.Upload<int>(_draftRows);
        DraftLogits = context.Allocate<float>(Math.Max(1, (long)inner * DraftStride));
        Scales = context.Allocate<RowScale>(Math.Max(1, inner));
        State = context.Allocate<StepState>(1);
        Verdict = context.Allocate<DeviceVerdict>(1);
        Path = context.Allocate<int>(tree.Levels);
    }

    public int Vocabulary { get; }

    public DeviceBuffer<int> Tokens { get; }

    /// <summary>[inner node][token]: what children were drawn from, kept until they are verified.</summary>
    public DeviceBuffer<float> DraftLogits { get; }

    public int DraftStride { get; }

    public DeviceBuffer<RowScale> Scales { get; }

    public DeviceBuffer<StepState> State { get; }

    public DeviceBuffer<DeviceVerdict> Verdict { get; }

    public DeviceBuffer<int> Path { get; }

    public DeviceTree Shape => new() { FirstChild = _firstChild.Handle, ChildCount = _childCount.Handle, DraftRow = _draftRow.Handle };

    /// <summary>The row of <see cref="DraftLogits"/> of an inner node; those of a level's inner nodes are neighbours.</summary>
    public int DraftRow(int node) => _draftRows[node];

    public override void Upload(ReadOnlySpan<int> tokens) => Tokens.CopyFrom(tokens);

    public override void Download(ReadOnlySpan<int> nodes, Span<int> tokens)
    {
        Tokens.CopyTo(_tokens);
        for (int i = 0; i < nodes.Length; i++)
            tokens[i] = _tokens[nodes[i]];
    }

    public override void Dispose()
    {
        foreach (IDisposable buffer in (IDisposable[])[Tokens, _firstChild, _childCount, _draftRow, DraftLogits, Scales, State, Verdict, Path])
            buffer.Dispose();
    }
}
