using Sequoia.Native.Execution;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Execution.Cpu.Jobs;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>The draft's logits at every inner node of a tree, and what the CPU draws from them.</summary>
internal sealed unsafe class DraftedTree : IDisposable
{
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

    /// <summary>Whether children are the likeliest, which takes no law.</summary>
    public bool TakesLikeliest => Options.Greedy || State.Method == SpeculationMethod.TargetOnly;

    public int Vocabulary => Logits.Columns;

    public int Rows => NodeOfRow.Length;

    public Span<float> Row(int row) => new(Logits.Row(row), Vocabulary);

    /// <summary>Draws on the host; returns the rows whose logits are to be refused.</summary>
    public HashSet<int> Draw()
    {
        var job = new DrawChildrenJob(CpuKernels.Best);
        State.Random = Random;
        job.Set(Logits, new TreeRows(Tree, NodeOfRow), State, Options);
        var damaged = new HashSet<int>();
        for (int row = 0; row < Rows; row++)
        {
            if (HardRows.HasNaN(Row(row)))
                damaged.Add(row);
            try
            {
                job.Execute(row, 0);
            }
            catch (InvalidOperationException)
            {
                damaged.Add(row);
            }
        }
        return damaged;
    }

    public void Dispose()
    {
        Logits.Dispose();
        State.Dispose();
    }
}
