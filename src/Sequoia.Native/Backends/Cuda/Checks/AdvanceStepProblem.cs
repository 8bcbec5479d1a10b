using Sequoia.Interop;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>The step from a verdict to the next tree: advance_step.cu and CpuBackend.Commit, word for word. The kernel is too small for a twin.</summary>
internal sealed class AdvanceStepProblem : ExactProblem
{
    private const int Poison = int.MinValue;
    private const uint Step = 41;
    private const int MostNodes = 40;

    private readonly CommitKernels _launcher;
    private readonly TokenTree _tree;
    private readonly int[] _tokens, _path;
    private readonly int _token, _committed;
    private readonly bool _isDamaged;
    private readonly StepBuffers _step;
    private readonly AdvanceStep _parameters;

    public AdvanceStepProblem(CudaKernels kernels, int seed)
    {
        _launcher = new CommitKernels(kernels);
        var random = new Random(seed);
        _tree = RandomTrees.Some(random.Next(1, MostNodes), MostNodes, random);
        _tokens = [.. Enumerable.Range(0, _tree.Size).Select(_ => random.Next(32_000))];
        _path = _tree.Path(random.Next(_tree.Size)).ToArray();
        (_token, _committed, _isDamaged) = (random.Next(32_000), random.Next(1000), random.Next(8) == 0);
        Shape = $"advance_step, path {string.Join(' ', _path)} in a tree of {_tree.Size}{(_isDamaged ? ", damaged logits" : "")}, seed {seed}";
        LogitDamage errors = _isDamaged ? LogitDamage.Target : LogitDamage.None;
        var key = new RandomKey((ulong)seed, Step);
        _step = Own(new StepBuffers(kernels.Context, new StepInputs(_tree, _committed) { Random = key, Before = [Poison], Tokens = _tokens }));
        _step.Begin(key, errors);
        int kept = _tree.ChildCount(_path[^1]) == 0 ? _path.Length - 1 : _path.Length;
        if (_isDamaged)
            _step.Decide(new Outcome { Errors = errors }, [], []);
        else
            _step.Decide(new Outcome { Length = _path.Length, Kept = kept, Token = _token }, _path, [.. _path.Skip(1).Select(node => _tokens[node]), _token]);
        _parameters = new AdvanceStep { Parts = _step.Parts(0, _tree.Size), Outcomes = _step.Outcomes };
    }

    public override string Shape { get; }

    public override bool HasTwin => false;

    // Verdict, two tokens, and the words that change.
    public override long Bytes => 10L * sizeof(int);

    public override void Launch(CudaStream? stream) => _launcher.AdvanceStep(_parameters, 1, stream);

    protected override string? FirstDifference()
    {
        (uint step, int committed, int[] tokens) = _isDamaged ? (Step, _committed, [Poison, .. _tokens]) : Expected();
        int[] found = _step.Tokens.ToArray();
        return _step.Difference(step, committed, _isDamaged ? LogitDamage.Target : LogitDamage.None) ?? _step.ChangedOutcome() ?? _step.Tokens.Overrun("tokens")
            ?? (found.AsSpan().SequenceEqual(tokens) ? null : $"tokens {string.Join(' ', found)}, expected {string.Join(' ', tokens)}");
    }

    /// <summary>The result of the CPU's commit.</summary>
    private (uint Step, int Committed, int[] Tokens) Expected()
    {
        using var cpu = new CpuBackend(1, CpuKernels.Best);
        using var queue = new WorkQueue();
        using var pool = new CpuKvPool(SmallestModel.With(1), KvPool.PagesFor(_committed + _tree.Size));
        using var pages = new KvPages(pool, _committed + _tree.Size);
        pages.Reserve(_committed + _tree.Size);
        using var sequence = new CpuSequence(_tree, SpeculationMethod.Sequoia, 0, feed: 1, pages, null);
        using var pass = new CpuPass(ModelRole.Target, _tree.Size, 1);
        sequence.Resume(default, new RandomKey(0, Step), _committed);
        sequence.Place(queue, 0, _tokens);
        pass.Add(sequence, [.. Enumerable.Range(0, _tree.Size)]);
        pass.Decide(queue, 0, _path, _token);
        cpu.Commit(queue, pass, pool, null);
        sequence.Advance();
        return (sequence.Random.Step, sequence.Committed, [.. Enumerable.Range(-1, _tree.Size + 1).Select(node => sequence.Token(node))]);
    }
}
