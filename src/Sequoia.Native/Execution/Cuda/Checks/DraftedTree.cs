using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Execution.Cpu.Jobs;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda.Checks;

/// <summary>The draft's logits at every inner node of a tree, and what the CPU draws from them.</summary>
internal sealed class DraftedTree : IDisposable
{
    private const int MostChildren = 32;

    public DraftedTree(TokenTree tree, int vocabulary, SamplingOptions options, RandomKey random, int shuffle, SpeculationMethod method = SpeculationMethod.Sequoia)
    {
        (Tree, Options, Random) = (tree, options, random);
        NodeOfRow = [.. Enumerable.Range(0, tree.Size).Where(node => tree.ChildCount(node) > 0)];
        // Rows in another order than the nodes, so that one is not taken for the other.
        new Random(shuffle).Shuffle(NodeOfRow);
        Logits = new CpuActivations(NodeOfRow.Length, vocabulary);
        State = new CpuTreeState(tree, vocabulary, method, threads: 1);
    }

    public TokenTree Tree { get; }

    public SamplingOptions Options { get; }

    public RandomKey Random { get; }

    public int[] NodeOfRow { get; }

    public CpuActivations Logits { get; }

    public CpuTreeState State { get; }

    /// <summary>Whether children are the likeliest, which takes no distribution.</summary>
    public bool TakesLikeliest => Options.Greedy || State.Method == SpeculationMethod.TargetOnly;

    public int Vocabulary => Logits.Columns;

    public int Rows => NodeOfRow.Length;

    /// <summary>The rows whose logits are to be refused; null before <see cref="Draw"/>.</summary>
    public HashSet<int>? Damaged { get; private set; }

    /// <summary>A tree from a seed: up to as many inner nodes as asked for, up to 32 children each, logits of all kinds.</summary>
    /// <param name="seed">Of everything.</param>
    /// <param name="mostRows">Of logits.</param>
    /// <param name="vocabulary">By seed if null.</param>
    /// <param name="method">By seed if null, and then some rows are damaged too.</param>
    public static DraftedTree OfSeed(int seed, int mostRows, int? vocabulary = null, SpeculationMethod? method = null)
    {
        Random random = new(seed), other = new(~seed);
        int tokens = vocabulary ?? SamplingCases.Vocabulary(random);
        TokenTree tree = RandomTrees.Bush(random.Next(1, mostRows + 1), Math.Min(MostChildren, tokens), random);
        var drafted = new DraftedTree(
            tree, tokens, SamplingCases.Options(seed, tokens, random), new RandomKey((ulong)random.NextInt64(), (uint)random.Next()), seed, method ?? SamplingCases.Method(other));
        for (int row = 0; row < drafted.Rows; row++)
        {
            HardRows.FillAny(drafted.Row(row), random);
            if (method is null)
                HardRows.DamageSome(drafted.Row(row), other);
        }
        return drafted;
    }

    public Span<float> Row(int row) => Logits.Span(row);

    /// <summary>Draws on the host.</summary>
    public void Draw()
    {
        var job = new DrawChildrenJob(CpuKernels.Best);
        State.Random = Random;
        job.Set(Logits, new TreeRows(Tree, NodeOfRow), State, Options);
        Damaged = [];
        for (int row = 0; row < Rows; row++)
        {
            if (HardRows.HasNaN(Row(row)))
                Damaged.Add(row);
            try
            {
                job.Execute(row, 0);
            }
            catch (InvalidOperationException)
            {
                Damaged.Add(row);
            }
        }
    }

    /// <summary>Makes the children any distinct tokens, impossible ones among them, after a draw.</summary>
    public void ShuffleChildren(int seed)
    {
        var random = new Random(seed);
        int[] vocabulary = [.. Enumerable.Range(0, Vocabulary)];
        foreach (int node in NodeOfRow)
        {
            random.Shuffle(vocabulary);
            vocabulary.AsSpan(0, Tree.ChildCount(node)).CopyTo(State.Tokens.AsSpan(Tree.FirstChild(node)));
        }
    }

    public void Dispose()
    {
        Logits.Dispose();
        State.Dispose();
    }
}

/// <summary>A drafted tree on the device, with nothing drawn yet.</summary>
internal sealed class DraftBuffers : IDisposable, IGuarded
{
    // What no draw gives.
    private const int Poison = -1;

    // No sampling kernel reads it.
    private const int Committed = -1;

    private readonly DraftedTree _drafted;
    private readonly DeviceBuffer<float> _logits;

    public DraftBuffers(CudaContext gpu, DraftedTree drafted)
    {
        _drafted = drafted;
        _logits = PaddedRows.Upload(gpu, drafted.Logits);
        Tokens = GuardedBuffer<int>.Filled(gpu, drafted.Tree.Size, Poison);
        Scales = GuardedBuffer<uint>.Filled(gpu, drafted.Rows * ScaleWords, MatMulInputs.NaNs);
        Step = new StepBuffers(gpu, drafted.Random.Step, Committed);
        Parameters = new DrawChildren
        {
            Logits = _logits.Handle,
            NodeOfRow = Step.Upload(drafted.NodeOfRow),
            Tree = Step.Tree(drafted.Tree, drafted.NodeOfRow),
            TokOfNode = Tokens.Address,
            Scale = Scales.Address,
            State = Step.State,
            Seed = drafted.Random.Seed,
            Vocabulary = drafted.Vocabulary,
            Stride = PaddedRows.StrideOf(drafted.Vocabulary),
        }.By(drafted.State.Method, drafted.Options);
    }

    /// <summary>Words of a <see cref="RowScale"/>.</summary>
    public static unsafe int ScaleWords => sizeof(RowScale) / sizeof(uint);

    public GuardedBuffer<int> Tokens { get; }

    public GuardedBuffer<uint> Scales { get; }

    public StepBuffers Step { get; }

    public DrawChildren Parameters { get; }

    /// <summary>What was written beside the children and, where they are drawn, the rows' scales.</summary>
    public string? Overrun() =>
        // The root is nobody's child.
        Tokens.Overrun("tokens", node => node > 0) ?? Scales.Overrun("scale", _ => !_drafted.TakesLikeliest);

    /// <summary>What was written though it is an operand.</summary>
    public string? ChangedSinceKept() => Scales.Overrun("scale", _ => false);

    /// <summary>Makes what was drawn an operand of what comes next, which no reset takes away.</summary>
    public void Keep()
    {
        Tokens.Keep();
        Scales.Keep();
    }

    public void Reset()
    {
        Tokens.Reset();
        Scales.Reset();
        Step.Reset();
    }

    public void Dispose()
    {
        foreach (IDisposable buffer in (IDisposable[])[_logits, Tokens, Scales, Step])
            buffer.Dispose();
    }
}
