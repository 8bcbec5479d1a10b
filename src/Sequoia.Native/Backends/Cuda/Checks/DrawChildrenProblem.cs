using System.Runtime.InteropServices;
using Sequoia.Interop;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>The children of a tree's inner nodes: draw_children.cu, its twin and ChildSampler, bit for bit.</summary>
internal sealed unsafe class DrawChildrenProblem : ExactProblem
{
    private const int MostChildren = 64;

    private readonly DraftedTree _drafted;
    private readonly DraftBuffers _device;
    private readonly SamplingKernels _launcher;
    private readonly TwinKernels _twins;
    private readonly Lazy<DeviceBuffer<float>> _workspace;

    /// <param name="kernels">The kernels.</param>
    /// <param name="drafted">The tree and its logits, which the problem takes over.</param>
    /// <param name="seed">The seed of the problem.</param>
    /// <param name="block">Threads per block of the kernels.</param>
    /// <param name="parts">The number of blocks of a row; as many as in the engine if null.</param>
    public DrawChildrenProblem(CudaKernels kernels, DraftedTree drafted, int seed, int? block = null, int? parts = null)
    {
        (_drafted, _launcher, _twins) = (Own(drafted), new SamplingKernels(kernels, block), new TwinKernels(kernels));
        _launcher.PrepareDraw(drafted.Vocabulary);
        Shape = $"draw_children, {drafted.Rows} rows of {drafted.Vocabulary}, {drafted.Tree.Size} nodes, {drafted.Sequence.Method}, {SamplingCases.Describe(drafted.Options)}{(drafted.Kind is { } kind ? $", {kind} logits" : "")}{(parts is { } number ? $", {number} parts" : "")}, seed {seed}";
        _device = Own(new DraftBuffers(kernels.Context, drafted, parts));
        _workspace = new(() => Own(kernels.Context.Allocate<float>((long)drafted.Rows * WorkspaceStride)));
    }

    /// <summary>A number of blocks by seed: also more than small rows have tiles.</summary>
    public static int PartsOf(int seed) => 1 << (seed % 6);

    public override string Shape { get; }

    public int Rows => _drafted.Rows;

    public override long Bytes => (long)_drafted.Rows * ((_drafted.Vocabulary * sizeof(float)) + sizeof(RowScale)) + ((_drafted.Tree.Size - 1L) * sizeof(int));

    private int WorkspaceStride => TwinKernels.RowWorkspace(_drafted.Vocabulary) + MostChildren;

    public override void Launch(CudaStream? stream) => _launcher.DrawChildren(_device.Parameters, _drafted.Rows, stream);

    public override void LaunchTwin() => _twins.DrawChildren(_device.Parameters, _drafted.Rows, _workspace.Value.Handle, WorkspaceStride);

    protected override string? FirstDifference()
    {
        if (_drafted.Damaged is null)
            _drafted.Draw();
        HashSet<int> damaged = _drafted.Damaged!;
        string? stray = _device.Overrun() ?? _device.Step.Difference(damaged.Count > 0 ? LogitDamage.Draft : LogitDamage.None);
        if (stray is not null)
            return stray;
        int[] tokens = _device.Step.Tokens.ToArray();
        uint[] scales = _device.Step.Scales.ToArray();
        for (int row = 0; row < _drafted.Rows; row++)
        {
            int node = _drafted.NodeOfRow[row], first = _drafted.Tree.FirstChild(node), count = _drafted.Tree.ChildCount(node);
            int[] children = tokens[first..(first + count)], expected = damaged.Contains(row) ? new int[count] : _drafted.Sequence.Children(node).ToArray();
            if (!children.SequenceEqual(expected))
                return $"row {row}: children {string.Join(' ', children)}, expected {string.Join(' ', expected)}";
            if (!_drafted.TakesLikeliest && !damaged.Contains(row) && DifferentProbability(row, scales.AsSpan(node * StepBuffers.ScaleWords)) is { } different)
                return different;
        }
        return null;
    }

    private string? DifferentProbability(int row, ReadOnlySpan<uint> words)
    {
        RowScale scale = MemoryMarshal.Cast<uint, RowScale>(words)[0];
        float* expected = _drafted.Sequence.DraftRow(_drafted.NodeOfRow[row]);
        ReadOnlySpan<float> logits = _drafted.Row(row);
        for (int token = 0; token < logits.Length; token++)
        {
            float q = Probability(logits[token], scale);
            if (BitConverter.SingleToUInt32Bits(q) != BitConverter.SingleToUInt32Bits(expected[token]))
                return $"row {row}: q({token}) = {q:R}, expected {expected[token]:R}";
        }
        return null;
    }

    /// <summary>distribution.cuh on the host: applies a row's scale to a logit.</summary>
    private static float Probability(float logit, in RowScale scale)
    {
        float weight = ExactMath.Exp(LanesScalar.Broadcast((logit * scale.InverseTemperature) - scale.Max))[0];
        float p = (weight < scale.CountFloor ? 0 : weight) * scale.InverseSum;
        return p < scale.MassFloor ? 0 : p * scale.InverseKept;
    }
}
