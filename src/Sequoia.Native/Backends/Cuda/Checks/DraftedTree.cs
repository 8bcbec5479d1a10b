using Sequoia.Interop;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>The draft's logits at every inner node of a tree, and the children that the CPU draws from them.</summary>
internal sealed class DraftedTree : IDisposable
{
    private const int MostChildrenOfSeed = 32;

    public DraftedTree(TokenTree tree, int vocabulary, SamplingOptions options, RandomKey random, int shuffle, SpeculationMethod method = SpeculationMethod.Sequoia)
    {
        (Tree, Options, Random) = (tree, options, random);
        NodeOfRow = [.. Enumerable.Range(0, tree.Size).Where(node => tree.ChildCount(node) > 0)];
        // Rows are in another order than the nodes, so that the two are not confused.
        new Random(shuffle).Shuffle(NodeOfRow);
        Workspace = new CpuWorkspace(SmallestModel.With(vocabulary), new WorkspaceSize(1, NodeOfRow.Length, 1, MostChildren), threads: 1);
        // It draws and verifies without any cache.
        Sequence = new CpuSequence(tree, method, vocabulary, feed: 1, null!, null);
    }

    public TokenTree Tree { get; }

    public SamplingOptions Options { get; }

    public RandomKey Random { get; }

    public int[] NodeOfRow { get; }

    public CpuWorkspace Workspace { get; }

    public CpuActivations Logits => Workspace.Logits;

    /// <summary>What all rows of logits are filled with, if it is the same.</summary>
    public LogitKind? Kind { get; init; }

    public CpuSequence Sequence { get; }

    /// <summary>Whether children are the most likely tokens, which needs no distribution.</summary>
    public bool TakesLikeliest => Options.Greedy || Sequence.Method == SpeculationMethod.TargetOnly;

    public int Vocabulary => Logits.Columns;

    public int Rows => NodeOfRow.Length;

    public int MostChildren => Enumerable.Range(0, Tree.Size).Max(Tree.ChildCount);

    /// <summary>The rows whose logits must be rejected; null before <see cref="Draw"/>.</summary>
    public HashSet<int>? Damaged { get; private set; }

    /// <summary>A tree from a seed: up to the given number of inner nodes, up to 32 children each, logits of all kinds.</summary>
    /// <param name="seed">The seed of everything.</param>
    /// <param name="mostRows">The maximum number of rows of logits.</param>
    /// <param name="vocabulary">By seed if null.</param>
    /// <param name="method">By seed if null; then some rows are damaged too.</param>
    public static DraftedTree OfSeed(int seed, int mostRows, int? vocabulary = null, SpeculationMethod? method = null)
    {
        Random random = new(seed), other = new(~seed);
        int tokens = vocabulary ?? SamplingCases.Vocabulary(random);
        TokenTree tree = RandomTrees.Bush(random.Next(1, mostRows + 1), Math.Min(MostChildrenOfSeed, tokens), random);
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
        Sequence.Resume(Options, Random, 0);
        using var queue = new WorkQueue();
        using var pass = new CpuPass(ModelRole.Draft, Math.Max(1, Rows), 1);
        pass.Add(Sequence, NodeOfRow);
        pass.Complete(queue, Rows);
        job.Set(Workspace, pass);
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

    /// <summary>Replaces the children by any distinct tokens, including impossible ones, after a draw.</summary>
    public void ShuffleChildren(int seed)
    {
        var random = new Random(seed);
        int[] vocabulary = [.. Enumerable.Range(0, Vocabulary)];
        foreach (int node in NodeOfRow)
        {
            random.Shuffle(vocabulary);
            vocabulary.AsSpan(0, Tree.ChildCount(node)).CopyTo(Sequence.Children(node));
        }
    }

    public void Dispose()
    {
        Workspace.Dispose();
        Sequence.Dispose();
    }
}

/// <summary>The smallest model, of which only the vocabulary matters.</summary>
internal static class SmallestModel
{
    public static LlamaConfig With(int vocabulary) => new()
    {
        HiddenSize = 1,
        IntermediateSize = 1,
        Layers = 1,
        Heads = 1,
        KvHeads = 1,
        HeadDim = 1,
        VocabularySize = vocabulary,
        MaxPositions = 1,
        RmsNormEpsilon = 1,
        RopeTheta = 1,
        TiedEmbeddings = true,
    };
}

/// <summary>A drafted tree on the device, with nothing drawn yet.</summary>
internal sealed class DraftBuffers : IDisposable, IGuarded
{
    // Rows of the pass, and of all logits, before those to draw from.
    private const int RowsBefore = 2;
    private const int LogitsBefore = 3;

    private readonly DraftedTree _drafted;
    private readonly DeviceBuffer<float> _logits;
    private readonly GuardedBuffer<int> _workspace;
    private readonly int _workspaceWords;

    /// <param name="gpu">The context.</param>
    /// <param name="drafted">The tree.</param>
    /// <param name="parts">The number of blocks of a row; as many as in the engine if null.</param>
    public DraftBuffers(CudaContext gpu, DraftedTree drafted, int? parts)
    {
        int ofRow = parts ?? DrawWorkspace.PartsFor(drafted.Vocabulary), room = Math.Max(1, drafted.MostChildren);
        int[] workspace = new int[DrawWorkspace.Words(drafted.Rows, ofRow, room)];
        // Only the counters are known before a launch.
        workspace.AsSpan(0, workspace.Length - drafted.Rows).Fill(-1);
        (_workspace, _workspaceWords) = (new GuardedBuffer<int>(gpu, workspace, -1), workspace.Length);
        _drafted = drafted;
        _logits = PaddedRows.Upload(gpu, drafted.Logits);
        Step = new StepBuffers(gpu, new StepInputs(drafted.Tree, Committed: 0)
        {
            Method = drafted.Sequence.Method,
            Sampling = drafted.Options,
            Random = drafted.Random,
            Rows = RowsBefore + drafted.Rows,
        });
        Parameters = new DrawChildren
        {
            Pass = Step.Pass([.. Enumerable.Repeat(0, RowsBefore), .. drafted.NodeOfRow]),
            Logits = _logits.Handle,
            Workspace = new DrawWorkspace(_workspace.Address, drafted.Rows, ofRow, room),
            FirstRow = RowsBefore,
            FirstDraftRow = LogitsBefore,
            Vocabulary = drafted.Vocabulary,
            Stride = PaddedRows.StrideOf(drafted.Vocabulary),
        };
    }

    /// <summary>All rows of logits, as the verifier reads them: those that were drawn from follow some others.</summary>
    public nint AllLogits => _logits.Handle - (LogitsBefore * Parameters.Stride * sizeof(float));

    public StepBuffers Step { get; }

    public DrawChildren Parameters { get; }

    /// <summary>Writes outside of the children, the rows' positions and, if they are drawn, their scales.</summary>
    public string? Overrun() =>
        // The root is not a child of any node.
        Step.Tokens.Overrun("tokens", node => node > 0) ?? Step.Scales.Overrun("scale", place => !_drafted.TakesLikeliest && IsInner(place / StepBuffers.ScaleWords))
        ?? Step.DraftRows.Overrun("draft row", IsInner) ?? Step.ChangedRows() ?? WrongDraftRow() ?? _workspace.Overrun("workspace", IsNoCounter);

    /// <summary>Writes to operands.</summary>
    public string? ChangedSinceKept() =>
        Step.Scales.Overrun("scale", _ => false) ?? Step.Tokens.Overrun("tokens", _ => false) ?? Step.DraftRows.Overrun("draft row", _ => false);

    /// <summary>Makes the drawn tokens an operand of the next kernel, which a reset keeps.</summary>
    public void Keep()
    {
        Step.Scales.Keep();
        Step.DraftRows.Keep();
    }

    public void Reset()
    {
        Step.Reset();
        _workspace.Reset();
    }

    public void Remember() => Step.Remember();

    public string? FirstChange() => Step.FirstChange();

    public void Dispose()
    {
        _logits.Dispose();
        _workspace.Dispose();
        Step.Dispose();
    }

    private bool IsInner(int node) => _drafted.Tree.ChildCount(node) > 0;

    private bool IsNoCounter(int word) => word < _workspaceWords - _drafted.Rows;

    private string? WrongDraftRow()
    {
        int[] found = Step.DraftRows.ToArray();
        for (int row = 0; row < _drafted.Rows; row++)
        {
            if (found[_drafted.NodeOfRow[row]] != LogitsBefore + row)
                return $"draft row of node {_drafted.NodeOfRow[row]}: {found[_drafted.NodeOfRow[row]]}, expected {LogitsBefore + row}";
        }
        return null;
    }
}
