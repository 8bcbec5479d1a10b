using System.Runtime.InteropServices;
using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>The children of a tree's inner nodes: draw_children.cu, its twin and ChildSampler, bit for bit.</summary>
internal sealed unsafe class DrawChildrenProblem : ExactProblem
{
    private const int MostChildren = 32;

    private readonly DraftedTree _drafted;
    private readonly DraftBuffers _device;
    private readonly SamplingKernels _launcher;
    private readonly TwinKernels _twins;
    private readonly CudaContext _gpu;
    private readonly Lazy<HashSet<int>> _damaged;
    private DeviceBuffer<float>? _workspace;

    /// <param name="kernels">The kernels.</param>
    /// <param name="drafted">The tree and its logits, which become the problem's.</param>
    /// <param name="seed">What it was made from.</param>
    public DrawChildrenProblem(CudaKernels kernels, DraftedTree drafted, int seed)
    {
        (_drafted, _launcher, _twins, _gpu) = (drafted, new SamplingKernels(kernels), new TwinKernels(kernels), kernels.Context);
        _launcher.Prepare(drafted.Vocabulary);
        Shape = $"draw_children, {drafted.Rows} rows of {drafted.Vocabulary}, {drafted.Tree.Size} nodes, {drafted.State.Method}, {SamplingCases.Describe(drafted.Options)}, seed {seed}";
        _device = new DraftBuffers(_gpu, drafted);
        _damaged = new Lazy<HashSet<int>>(drafted.Draw);
    }

    /// <summary>A problem from a seed: logits of all kinds, damaged ones among them.</summary>
    public static DrawChildrenProblem Random(int seed, CudaKernels kernels)
    {
        const int MostRows = 12;
        var random = new Random(seed);
        int vocabulary = SamplingCases.Vocabulary(random);
        TokenTree tree = RandomTrees.Bush(random.Next(1, MostRows + 1), Math.Min(MostChildren, vocabulary), random);
        var key = new RandomKey((ulong)random.NextInt64(), (uint)random.Next());
        var drafted = new DraftedTree(tree, vocabulary, SamplingCases.Options(seed, vocabulary, random), key, seed, SamplingCases.Method(random));
        for (int row = 0; row < drafted.Rows; row++)
            SamplingCases.Fill(drafted.Row(row), random);
        return new(kernels, drafted, seed);
    }

    public override string Shape { get; }

    public override long Bytes => (long)_drafted.Rows * ((_drafted.Vocabulary * sizeof(float)) + sizeof(RowScale)) + ((_drafted.Tree.Size - 1L) * sizeof(int));

    private int WorkspaceStride => TwinKernels.RowWorkspace(_drafted.Vocabulary) + MostChildren;

    public override void Launch(CudaStream? stream) => _launcher.DrawChildren(_device.Parameters, _drafted.Rows, stream);

    public override void LaunchTwin()
    {
        _workspace ??= _gpu.Allocate<float>((long)_drafted.Rows * WorkspaceStride);
        _twins.DrawChildren(_device.Parameters, _drafted.Rows, _workspace.Handle, WorkspaceStride);
    }

    public override void Reset() => _device.Reset();

    public override void Dispose()
    {
        _drafted.Dispose();
        _device.Dispose();
        _workspace?.Dispose();
    }

    protected override string? FirstDifference()
    {
        HashSet<int> damaged = _damaged.Value;
        // The root is nobody's child, and greedy draws need no law.
        string? trespass = _device.Tokens.Trespass("tokens", node => node > 0) ?? _device.Scales.Trespass("scale", _ => !_drafted.TakesLikeliest)
            ?? _device.State.Difference(damaged.Count > 0 ? LogitDamage.Draft : LogitDamage.None);
        if (trespass is not null)
            return trespass;
        int[] tokens = _device.Tokens.ToArray();
        uint[] scales = _device.Scales.ToArray();
        for (int row = 0; row < _drafted.Rows; row++)
        {
            int node = _drafted.NodeOfRow[row], first = _drafted.Tree.FirstChild(node), count = _drafted.Tree.ChildCount(node);
            int[] children = tokens[first..(first + count)], expected = damaged.Contains(row) ? new int[count] : _drafted.State.Tokens[first..(first + count)];
            if (!children.SequenceEqual(expected))
                return $"row {row}: children {string.Join(' ', children)}, expected {string.Join(' ', expected)}";
            if (!_drafted.TakesLikeliest && !damaged.Contains(row) && DifferentLaw(row, scales.AsSpan(row * DraftBuffers.ScaleWords)) is { } law)
                return law;
        }
        return null;
    }

    private string? DifferentLaw(int row, ReadOnlySpan<uint> words)
    {
        RowScale scale = MemoryMarshal.Cast<uint, RowScale>(words)[0];
        float* expected = _drafted.State.DraftRow(_drafted.NodeOfRow[row]);
        ReadOnlySpan<float> logits = _drafted.Row(row);
        for (int token = 0; token < logits.Length; token++)
        {
            float q = RowLaw.Probability(logits[token], scale);
            if (BitConverter.SingleToUInt32Bits(q) != BitConverter.SingleToUInt32Bits(expected[token]))
                return $"row {row}: q({token}) = {q:R}, expected {expected[token]:R}";
        }
        return null;
    }
}
