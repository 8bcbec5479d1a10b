using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>A drafted tree on the device, with nothing drawn yet.</summary>
internal sealed class DraftBuffers : IDisposable
{
    // What no draw gives.
    private const int Poison = -1;

    private readonly DraftedTree _drafted;
    private readonly DeviceBuffer<int> _firstChild, _childCount, _draftRow, _nodeOfRow;
    private readonly DeviceBuffer<float> _logits;

    public DraftBuffers(CudaContext gpu, DraftedTree drafted)
    {
        _drafted = drafted;
        TokenTree tree = drafted.Tree;
        int[] draftRow = new int[tree.Size];
        // What a leaf has here must not be used: it is far outside.
        Array.Fill(draftRow, int.MinValue / 2);
        for (int row = 0; row < drafted.Rows; row++)
            draftRow[drafted.NodeOfRow[row]] = row;
        _firstChild = gpu.Upload<int>([.. Enumerable.Range(0, tree.Size).Select(tree.FirstChild)]);
        _childCount = gpu.Upload<int>([.. Enumerable.Range(0, tree.Size).Select(tree.ChildCount)]);
        _draftRow = gpu.Upload<int>(draftRow);
        _nodeOfRow = gpu.Upload<int>([.. drafted.NodeOfRow, int.MinValue]);
        _logits = PaddedRows.Upload(gpu, drafted.Logits);
        Tokens = GuardedBuffer<int>.Filled(gpu, tree.Size, Poison);
        Scales = GuardedBuffer<uint>.Filled(gpu, drafted.Rows * ScaleWords, MatMulInputs.NaNs);
        State = new StepWords(gpu, drafted.Random.Step);
    }

    /// <summary>Words of a <see cref="RowScale"/>.</summary>
    public const int ScaleWords = 6;

    public GuardedBuffer<int> Tokens { get; }

    public GuardedBuffer<uint> Scales { get; }

    public StepWords State { get; }

    public DeviceTree Tree => new() { FirstChild = _firstChild.Handle, ChildCount = _childCount.Handle, DraftRow = _draftRow.Handle };

    public nint Logits => _logits.Handle;

    public DrawChildren Parameters => new DrawChildren
    {
        Logits = Logits,
        NodeOfRow = _nodeOfRow.Handle,
        Tree = Tree,
        TokOfNode = Tokens.Address,
        Scale = Scales.Address,
        State = State.Address,
        Seed = _drafted.Random.Seed,
        Vocabulary = _drafted.Vocabulary,
        Stride = PaddedRows.StrideOf(_drafted.Vocabulary),
    }.By(_drafted.State.Method, _drafted.Options);

    public void Reset()
    {
        Tokens.Reset();
        Scales.Reset();
        State.Reset();
    }

    public void Dispose()
    {
        foreach (IDisposable buffer in (IDisposable[])[_firstChild, _childCount, _draftRow, _nodeOfRow, _logits, Tokens, Scales, State])
            buffer.Dispose();
    }
}
