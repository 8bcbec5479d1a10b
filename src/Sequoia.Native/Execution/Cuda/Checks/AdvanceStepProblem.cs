using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda.Checks;

/// <summary>The step from a verdict to the next tree: advance_step.cu and CpuBackend.Commit, word for word. It is too small to have a twin.</summary>
internal sealed class AdvanceStepProblem : ExactProblem
{
    private const int Poison = int.MinValue;
    private const uint Step = 41;
    private const int MostNodes = 40;

    private readonly CommitKernels _launcher;
    private readonly TokenTree _tree;
    private readonly int[] _tokens, _path;
    private readonly int _token, _committed;
    private readonly bool _hasDraft, _isDamaged;
    private readonly GuardedBuffer<int> _tokensOnDevice, _pendingTokens;
    private readonly StepBuffers _step, _pending;
    private readonly AdvanceStep _parameters;

    public AdvanceStepProblem(CudaKernels kernels, int seed)
    {
        _launcher = new CommitKernels(kernels);
        var random = new Random(seed);
        _hasDraft = random.Next(3) > 0;
        // With a draft the root has children.
        _tree = RandomTrees.Some(random.Next(_hasDraft ? 2 : 1, MostNodes), MostNodes, random);
        _tokens = [.. Enumerable.Range(0, _tree.Size).Select(_ => random.Next(32_000))];
        _path = _tree.Path(random.Next(_tree.Size)).ToArray();
        (_token, _committed, _isDamaged) = (random.Next(32_000), random.Next(1000), random.Next(8) == 0);
        Shape = $"advance_step, path {string.Join(' ', _path)} in a tree of {_tree.Size}{(_hasDraft ? ", with a draft" : "")}{(_isDamaged ? ", damaged logits" : "")}, seed {seed}";
        CudaContext gpu = kernels.Context;
        int kept = EndsInLeaf ? _path.Length - 1 : _path.Length;
        _tokensOnDevice = Own(new GuardedBuffer<int>(gpu, _tokens, Poison));
        _pendingTokens = Own(new GuardedBuffer<int>(gpu, [Poison, Poison], Poison));
        (_step, _pending) = (Own(new StepBuffers(gpu, Step, _committed)), Own(new StepBuffers(gpu, Step, _committed)));
        _parameters = new AdvanceStep
        {
            Verdict = _step.Upload(_isDamaged ? new int[4] : [_path.Length, kept, _token, 0]),
            Toks = _step.Upload([.. _path.Skip(1).Select(node => _tokens[node]), _token]),
            State = _step.State,
            TokOfNode = _tokensOnDevice.Address,
            PendingState = _hasDraft ? _pending.State : 0,
            PendingToks = _hasDraft ? _pendingTokens.Address : 0,
        };
    }

    public override string Shape { get; }

    public override bool HasTwin => false;

    // Verdict, two tokens, and the words that change.
    public override long Bytes => 10L * sizeof(int);

    private bool EndsInLeaf => _tree.ChildCount(_path[^1]) == 0;

    public override void Launch(CudaStream? stream) => _launcher.AdvanceStep(_parameters, stream);

    protected override string? FirstDifference()
    {
        (uint step, int committed, int[] tokens, int[] pending) = _isDamaged ? (Step, _committed, _tokens, [Poison, Poison]) : Expected();
        int pendingCommitted = _hasDraft ? committed : _committed;
        return _step.Difference(step, committed, LogitDamage.None) ?? Different("tokens", _tokensOnDevice, tokens)
            ?? (_pending.Difference(Step, pendingCommitted, LogitDamage.None) is { } ofDraft ? $"the draft's {ofDraft}" : null) ?? Different("pending tokens", _pendingTokens, pending);
    }

    /// <summary>What the CPU's commit makes of it; the length of its caches, and so of what is committed, is its caller's.</summary>
    private (uint Step, int Committed, int[] Tokens, int[] Pending) Expected()
    {
        using var cpu = new CpuBackend(1, CpuKernels.Best);
        using var state = new CpuTreeState(_tree, 0, SpeculationMethod.Sequoia, threads: 1);
        using var pending = new CpuTreeState(TokenTree.Chain(1), 0, SpeculationMethod.Sequoia, threads: 1);
        using CpuKvCache target = Cache(), draft = Cache();
        state.Begin(_tokens, _committed, new RandomKey(0, Step));
        state.Decide(_path, _token);
        pending.Begin([Poison, Poison]);
        cpu.Commit(state, pending, target, _hasDraft ? draft : null);
        return (state.Random.Step, _committed + _path.Length, state.Tokens, pending.Tokens);
    }

    private CpuKvCache Cache() => new(new LlamaConfig
    {
        HiddenSize = 1,
        IntermediateSize = 1,
        Layers = 1,
        Heads = 1,
        KvHeads = 1,
        HeadDim = 1,
        VocabularySize = 1,
        MaxPositions = _tree.Size,
        RmsNormEpsilon = 1,
        RopeTheta = 1,
        TiedEmbeddings = true,
    }, _tree.Size);

    private static string? Different(string name, GuardedBuffer<int> buffer, int[] expected)
    {
        int[] found = buffer.ToArray();
        return buffer.Overrun(name)
            ?? (found.AsSpan().SequenceEqual(expected) ? null : $"{name} {string.Join(' ', found)}, expected {string.Join(' ', expected)}");
    }
}
