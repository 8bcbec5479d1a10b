using System.Diagnostics.CodeAnalysis;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>A drafted tree with the target's logits.</summary>
/// <param name="Drafted">The tree and the draft's logits, which are valid.</param>
/// <param name="Target">The target's logits, one row per node.</param>
/// <param name="Nodes">The number of nodes that the target has computed.</param>
/// <param name="Seed">The seed of the problem.</param>
internal sealed record VerifyInputs(DraftedTree Drafted, CpuActivations Target, int Nodes, int Seed)
{
    private const int MostOfNode = 32;

    public VerifyInputs(DraftedTree drafted, int nodes, int seed) : this(drafted, new CpuActivations(drafted.Tree.Size, drafted.Vocabulary), nodes, seed)
    {
    }

    /// <summary>A tree from a seed: the draft agrees with the target well, badly or not at all.</summary>
    /// <param name="seed">The seed of everything.</param>
    /// <param name="vocabulary">By seed if null.</param>
    /// <param name="method">By seed if null; then some of the target's rows are damaged, and some trees are lone roots.</param>
    public static VerifyInputs OfSeed(int seed, int? vocabulary = null, SpeculationMethod? method = null)
    {
        Random random = new(seed), other = new(~seed);
        int tokens = vocabulary ?? SamplingCases.Vocabulary(random), mostChildren = Math.Min(MostOfNode, tokens);
        TokenTree tree = random.Next(4) switch
        {
            _ when method is null && other.Next(12) == 0 => TokenTree.Root,
            0 => TokenTree.Chains(mostChildren, 1),
            1 => RandomTrees.Bush(random.Next(1, 6), Math.Min(6, mostChildren), random),
            _ => RandomTrees.Some(random.Next(2, 40), mostChildren, random),
        };
        var drafted = new DraftedTree(
            tree, tokens, SamplingCases.Options(seed, tokens, random), new RandomKey((ulong)random.NextInt64(), 7), seed, method ?? SamplingCases.Method(other));
        int nodes = random.Next(4) == 0 ? random.Next(1, tree.Size + 1) : tree.Size;
        if (method is null && other.Next(3) == 0)
            nodes = other.Next(1, tree.Size + 1);
        var inputs = new VerifyInputs(drafted, nodes, seed);
        for (int node = 0; node < tree.Size; node++)
            HardRows.FillAny(inputs.Target.Span(node), random);
        float difference = random.Next(4) switch { 0 => 0, 1 => 0.3f, _ => 2 };
        for (int row = 0; row < drafted.Rows; row++)
        {
            if (random.Next(3) == 0)
                HardRows.FillAny(drafted.Row(row), random);
            else
                HardRows.FillLike(drafted.Row(row), inputs.Target.Span(drafted.NodeOfRow[row]), difference, random);
        }
        for (int node = 0; node < tree.Size && method is null; node++)
            HardRows.DamageSome(inputs.Target.Span(node), other);
        return inputs;
    }
}

/// <summary>
/// The verification of a drafted tree: verify_tree.cu, its twin and TreeVerifier, bit for bit. The rows' scales come from draw_children.cu, the
/// tokens from the host, so that a wrong draw is not mistaken for a wrong verdict.
/// </summary>
internal sealed class VerifyTreeProblem : ExactProblem
{
    // Creating a problem costs more than solving it, and most verdicts end near the root.
    private const int Verdicts = 8;

    // Rows of the pass that belong to another sequence.
    private const int TargetRowsBefore = 5;

    private readonly DraftedTree _drafted;
    private readonly CpuActivations _target;
    private readonly int _nodes, _blocks;
    private readonly string _shape;
    private readonly float[] _draftRows;
    private readonly DraftBuffers _device;
    private readonly SamplingKernels _launcher;
    private readonly TwinKernels _twins;
    private readonly Lazy<DeviceBuffer<float>> _workspace;
    private readonly GuardedBuffer<int> _steps, _arrived;
    private readonly VerifyTree _parameters;
    private Lazy<Verdict?> _expected;
    private RandomKey _random;
    private int _number;

    /// <param name="kernels">The kernels.</param>
    /// <param name="inputs">The trees, which the problem takes over; tokens already drawn are kept.</param>
    /// <param name="block">Threads per block of the kernel.</param>
    /// <param name="drawing">The kernels whose draw_children computes the rows' scales; <paramref name="kernels"/> if null.</param>
    public VerifyTreeProblem(CudaKernels kernels, VerifyInputs inputs, int? block = null, CudaKernels? drawing = null)
    {
        DraftedTree drafted = inputs.Drafted;
        (_drafted, _target, _nodes) = (Own(drafted), Own(inputs.Target), inputs.Nodes);
        // In some problems a block gets several nodes; seed 0 and 1 are those of benchmarks.
        _blocks = Math.Max(1, _nodes / (1 + (inputs.Seed / 2 % 3)));
        CudaContext gpu = kernels.Context;
        (_launcher, _twins) = (new SamplingKernels(kernels, block), new TwinKernels(kernels));
        _launcher.PrepareVerify(drafted.Vocabulary);
        _shape = $"verify_tree, {_nodes} of {drafted.Tree.Size} nodes, {drafted.Tree.Levels} levels, vocabulary {drafted.Vocabulary}, {drafted.Sequence.Method}, {SamplingCases.Describe(drafted.Options)}, seed {inputs.Seed}";
        _device = Own(new DraftBuffers(gpu, drafted, parts: null));
        if (drafted.Rows > 0)
        {
            SamplingKernels drawer = drawing is null ? _launcher : new SamplingKernels(drawing, block);
            drawer.PrepareDraw(drafted.Vocabulary);
            drawer.DrawChildren(_device.Parameters, drafted.Rows);
        }
        _device.Keep();
        if (drafted.Damaged is null)
            drafted.Draw();
        _draftRows = DraftRows().ToArray();
        DeviceBuffer<float> target = Own(PaddedRows.Upload(gpu, _target));
        _device.Step.Tokens.Reset([.. Enumerable.Range(0, drafted.Tree.Size).Select(node => drafted.Sequence.Token(node))]);
        _workspace = new(() => Own(gpu.Allocate<float>((2L * drafted.Vocabulary) + TwinKernels.RowWorkspace(drafted.Vocabulary))));
        _steps = Own(GuardedBuffer<int>.Filled(gpu, 2 * _nodes, int.MinValue));
        _arrived = Own(new GuardedBuffer<int>(gpu, [0], int.MinValue));
        int stride = PaddedRows.StrideOf(drafted.Vocabulary);
        _parameters = new VerifyTree
        {
            Parts = _device.Step.Parts(TargetRowsBefore, _nodes),
            Target = target.Handle - (TargetRowsBefore * stride * sizeof(float)),
            Draft = _device.AllLogits,
            Outcomes = _device.Step.Outcomes,
            Steps = _steps.Address - (2 * TargetRowsBefore * sizeof(int)),
            Arrived = _arrived.Address,
            Vocabulary = drafted.Vocabulary,
            TargetStride = stride,
            DraftStride = stride,
        };
        Begin(new RandomKey(drafted.Random.Seed + 1, drafted.Random.Step));
    }

    public override string Shape => $"{_shape}, step {_random.Step}";

    /// <summary>The target's rows. Of the draft's rows, only rejections need more than one number.</summary>
    public override long Bytes => (long)_nodes * _drafted.Vocabulary * sizeof(float);

    /// <summary>Each node's token on the device.</summary>
    public GuardedBuffer<int> Tokens => _device.Step.Tokens;

    /// <summary>The kernel's result.</summary>
    public Outcome Outcome => _device.Step.Outcome().Outcome;

    public LogitDamage Errors => _device.Step.Errors;

    /// <summary>Verifies the same tree with other random numbers from now on.</summary>
    /// <param name="random">The random numbers.</param>
    /// <param name="errors">The errors that an earlier kernel of the step found.</param>
    [MemberNotNull(nameof(_expected))]
    public void Begin(RandomKey random, LogitDamage errors = LogitDamage.None)
    {
        _random = random;
        _device.Step.Begin(random, errors);
        _expected = new Lazy<Verdict?>(Verify);
    }

    public override bool Advance()
    {
        if (++_number == Verdicts)
            return false;
        Reset();
        Begin(new RandomKey(_random.Seed, _random.Step + 1));
        return true;
    }

    public override void Launch(CudaStream? stream) => _launcher.VerifyTree(_parameters, _blocks, 1, stream);

    public override void LaunchTwin() => _twins.VerifyTree(_parameters, _workspace.Value.Handle);

    protected override string? FirstDifference()
    {
        Verdict? expected = _expected.Value;
        string? stray = _device.ChangedSinceKept() ?? _device.Step.OverrunOutcome() ?? _steps.Overrun("steps") ?? _arrived.Overrun("counter", _ => false)
            ?? _device.Step.Difference(expected is null ? LogitDamage.Target : LogitDamage.None);
        if (stray is not null)
            return stray;
        (Outcome outcome, int[] path, int[] tokens) = _device.Step.Outcome();
        string found = Describe(outcome, path, tokens), wanted = Describe(expected);
        return found == wanted ? null : $"{found}; expected {wanted}";
    }

    /// <summary>The expected verdict; null if the logits are rejected.</summary>
    private Verdict? Verify()
    {
        // Verification consumes the draft's rows: rejected tokens become 0 in them.
        _draftRows.CopyTo(DraftRows());
        _drafted.Sequence.Resume(_drafted.Options, _random, 0);
        try
        {
            new TreeVerifier(CpuKernels.Best.Vocabulary, _drafted.Workspace.Scratch[0], _drafted.Sequence).Verify(_target, 0, _nodes);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
        Verdict verdict = _drafted.Sequence.Verdict;
        return verdict.Path.ToArray().Any(node => HardRows.HasNaN(_target.Span(node))) ? null : verdict;
    }

    private unsafe Span<float> DraftRows() => _drafted.Rows == 0 ? [] : new(_drafted.Sequence.DraftRow(0), _drafted.Rows * VocabularyKernels.Padded(_drafted.Vocabulary));

    private string Describe(Verdict? verdict)
    {
        if (verdict is null)
            return Describe(new Outcome { Errors = LogitDamage.Target }, [], []);
        int kept = verdict.Length - (_drafted.Tree.ChildCount(verdict.Path[^1]) == 0 ? 1 : 0);
        return Describe(new Outcome { Length = verdict.Length, Kept = kept, Token = verdict.Token, Ahead = verdict.Ahead }, verdict.Path, verdict.Tokens);
    }

    private static string Describe(Outcome outcome, ReadOnlySpan<int> path, ReadOnlySpan<int> tokens)
    {
        int length = Math.Clamp(outcome.Length, 0, path.Length);
        return $"errors {outcome.Errors}, length {outcome.Length}, {outcome.Kept} kept, token {outcome.Token}, ahead {outcome.Ahead}, path {string.Join(' ', path[..length].ToArray())}, tokens {string.Join(' ', tokens[..length].ToArray())}";
    }
}
