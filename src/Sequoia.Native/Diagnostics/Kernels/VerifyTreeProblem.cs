using Sequoia.Interop;
using Sequoia.Native.Execution;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Execution.Cuda;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>
/// The walk through a drafted tree: verify_tree.cu, its twin and TreeVerifier, bit for bit. The rows' laws come from draw_children.cu, the tokens
/// from the host, so that a wrong draw is not taken for a wrong walk.
/// </summary>
internal sealed unsafe class VerifyTreeProblem : ExactProblem
{
    private const int VerdictWords = 4;
    private const int Poison = int.MinValue;

    private readonly DraftedTree _drafted;
    private readonly CpuActivations _target;
    private readonly int _nodes;
    private readonly DraftBuffers _device;
    private readonly SamplingKernels _launcher;
    private readonly TwinKernels _twins;
    private readonly CudaContext _gpu;
    private readonly DeviceBuffer<float> _targetOnDevice;
    private readonly DeviceBuffer<int> _tokens;
    private readonly StepWords _state;
    private readonly GuardedBuffer<int> _verdict, _path, _newTokens;
    private readonly VerifyTree _parameters;
    private readonly Lazy<Verdict?> _expected;
    private DeviceBuffer<float>? _workspace;

    /// <param name="kernels">The kernels.</param>
    /// <param name="drafted">The tree and the draft's logits, which are sound; becomes the problem's.</param>
    /// <param name="target">The target's logits, a row a node; become the problem's.</param>
    /// <param name="nodes">How many of the nodes the target has computed.</param>
    /// <param name="seed">What it was made from.</param>
    public VerifyTreeProblem(CudaKernels kernels, DraftedTree drafted, CpuActivations target, int nodes, int seed)
    {
        (_drafted, _target, _nodes) = (drafted, target, nodes);
        (_launcher, _twins, _gpu) = (new SamplingKernels(kernels), new TwinKernels(kernels), kernels.Context);
        _launcher.Prepare(drafted.Vocabulary);
        Shape = $"verify_tree, {nodes} of {drafted.Tree.Size} nodes, {drafted.Tree.Levels} levels, vocabulary {drafted.Vocabulary}, {drafted.State.Method}, {SamplingCases.Describe(drafted.Options)}, seed {seed}";
        _device = new DraftBuffers(_gpu, drafted);
        if (drafted.Rows > 0)
            _launcher.DrawChildren(_device.Parameters, drafted.Rows);
        _gpu.Synchronize();
        _ = drafted.Draw();
        var random = new RandomKey(drafted.Random.Seed + 1, drafted.Random.Step);
        _tokens = _gpu.Upload<int>(drafted.State.Tokens);
        _targetOnDevice = PaddedRows.Upload(_gpu, target);
        _state = new StepWords(_gpu, random.Step);
        _verdict = GuardedBuffer<int>.Filled(_gpu, VerdictWords, Poison);
        _path = GuardedBuffer<int>.Filled(_gpu, drafted.Tree.Levels, Poison);
        _newTokens = GuardedBuffer<int>.Filled(_gpu, drafted.Tree.Levels, Poison);
        _expected = new Lazy<Verdict?>(() => Verify(random));
        _parameters = new VerifyTree
        {
            Target = _targetOnDevice.Handle,
            Draft = _device.Logits,
            Scale = _device.Scales.Address,
            Tree = _device.Tree,
            TokOfNode = _tokens.Handle,
            State = _state.Address,
            Verdict = _verdict.Address,
            Path = _path.Address,
            Toks = _newTokens.Address,
            Seed = random.Seed,
            Law = new SamplingLaw(drafted.Options),
            Vocabulary = drafted.Vocabulary,
            TargetStride = PaddedRows.StrideOf(drafted.Vocabulary),
            DraftStride = PaddedRows.StrideOf(drafted.Vocabulary),
            Nodes = nodes,
            TreeSize = drafted.Tree.Size,
            Levels = drafted.Tree.Levels,
            Method = drafted.State.Method,
        };
    }

    /// <summary>A problem from a seed: the draft agrees with the target well, badly or not at all.</summary>
    public static VerifyTreeProblem Random(int seed, CudaKernels kernels)
    {
        const int MostNodes = 40, MostOfNode = 32;
        var random = new Random(seed);
        int vocabulary = SamplingCases.Vocabulary(random), mostChildren = Math.Min(MostOfNode, vocabulary);
        TokenTree tree = random.Next(4) switch
        {
            0 => TokenTree.Chains(mostChildren, 1),
            1 => RandomTrees.Bush(random.Next(1, 6), Math.Min(6, mostChildren), random),
            _ => RandomTrees.Some(random.Next(1, MostNodes), mostChildren, random),
        };
        SamplingOptions options = SamplingCases.Options(seed, vocabulary, random);
        var drafted = new DraftedTree(tree, vocabulary, options, new RandomKey((ulong)random.NextInt64(), (uint)random.Next()), seed, SamplingCases.Method(random));
        var target = new CpuActivations(tree.Size, vocabulary);
        for (int node = 0; node < tree.Size; node++)
            SamplingCases.Fill(new Span<float>(target.Row(node), vocabulary), random);
        float difference = random.Next(4) switch { 0 => 0, 1 => 0.3f, _ => 2 };
        for (int row = 0; row < drafted.Rows; row++)
        {
            ReadOnlySpan<float> targets = new(target.Row(drafted.NodeOfRow[row]), vocabulary);
            if (random.Next(3) == 0 || HardRows.HasNaN(targets))
                HardRows.Fill(drafted.Row(row), HardRows.Kinds[random.Next(HardRows.Kinds.Length)], random);
            else
                HardRows.FillLike(drafted.Row(row), targets, difference, random);
        }
        return new(kernels, drafted, target, random.Next(4) == 0 ? random.Next(1, tree.Size + 1) : tree.Size, seed);
    }

    public override string Shape { get; }

    /// <summary>The target's rows of the accepted path: of the draft's, only rejections ask for more than a number.</summary>
    public override long Bytes => (long)Math.Max(1, _expected.Value?.Length ?? 0) * _drafted.Vocabulary * sizeof(float);

    public override void Launch(CudaStream? stream) => _launcher.VerifyTree(_parameters, stream);

    public override void LaunchTwin()
    {
        _workspace ??= _gpu.Allocate<float>((2L * _drafted.Vocabulary) + TwinKernels.RowWorkspace(_drafted.Vocabulary));
        _twins.VerifyTree(_parameters, _workspace.Handle);
    }

    public override void Reset()
    {
        _state.Reset();
        _verdict.Reset();
        _path.Reset();
        _newTokens.Reset();
    }

    public override void Dispose()
    {
        foreach (IDisposable? part in (IDisposable?[])[_drafted, _target, _device, _targetOnDevice, _tokens, _state, _verdict, _path, _newTokens, _workspace])
            part?.Dispose();
    }

    protected override string? FirstDifference()
    {
        Verdict? expected = _expected.Value;
        string? trespass = _verdict.Trespass("verdict", _ => true) ?? _path.Trespass("path", _ => true) ?? _newTokens.Trespass("tokens", _ => true)
            ?? _state.Difference(expected is null ? LogitDamage.Target : LogitDamage.None);
        if (trespass is not null)
            return trespass;
        string found = Describe(_verdict.ToArray(), _path.ToArray(), _newTokens.ToArray()), wanted = Describe(expected);
        return found == wanted ? null : $"{found}; expected {wanted}";
    }

    /// <summary>The verdict as it should be; null where the logits are refused. Once: it uses up the draft's rows.</summary>
    private Verdict? Verify(RandomKey random)
    {
        _drafted.State.Random = random;
        try
        {
            TreeVerifier.Verify(CpuKernels.Best.Vocabulary, _target, _nodes, _drafted.State, _drafted.Options);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
        Verdict verdict = _drafted.State.Verdict;
        return verdict.Path.ToArray().Any(node => HardRows.HasNaN(TargetRow(node))) ? null : verdict;
    }

    private ReadOnlySpan<float> TargetRow(int node) => new(_target.Row(node), _drafted.Vocabulary);

    private string Describe(Verdict? verdict)
    {
        if (verdict is null)
            return Describe(new int[VerdictWords], [], []);
        int kept = verdict.Length - (_drafted.Tree.ChildCount(verdict.Path[^1]) == 0 ? 1 : 0);
        return Describe([verdict.Length, kept, verdict.Token, verdict.Ahead], verdict.Path, verdict.Tokens);
    }

    private static string Describe(int[] verdict, ReadOnlySpan<int> path, ReadOnlySpan<int> tokens)
    {
        int length = Math.Clamp(verdict[0], 0, path.Length);
        return $"length {verdict[0]}, {verdict[1]} kept, token {verdict[2]}, ahead {verdict[3]}, path {string.Join(' ', path[..length].ToArray())}, tokens {string.Join(' ', tokens[..length].ToArray())}";
    }
}
