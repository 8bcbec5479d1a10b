using Sequoia.Native.Numerics;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cpu;

internal sealed unsafe class CpuTreeState : TreeState
{
    private readonly AlignedBuffer<float> _draftRows;
    private readonly int[] _draftRow;
    private readonly int _padded;

    public CpuTreeState(TokenTree tree, int vocabulary, SpeculationMethod method, int threads) : base(tree, method)
    {
        Tokens = new int[tree.Size];
        _padded = VocabularyKernels.Padded(vocabulary);
        _draftRow = new int[tree.Size];
        int inner = 0, mostChildren = 1;
        for (int node = 0; node < tree.Size; node++)
        {
            _draftRow[node] = tree.ChildCount(node) > 0 ? inner++ : -1;
            mostChildren = Math.Max(mostChildren, tree.ChildCount(node));
        }
        _draftRows = new AlignedBuffer<float>((long)inner * _padded);
        Scratch = vocabulary == 0 ? [] : [.. Enumerable.Range(0, threads).Select(_ => new SamplingScratch(vocabulary, mostChildren))];
    }

    public int[] Tokens { get; }

    /// <summary>One per worker of the pool.</summary>
    public SamplingScratch[] Scratch { get; }

    /// <summary>The distribution that an inner node's children were drawn from.</summary>
    public float* DraftRow(int node) => _draftRows.Pointer + ((long)_draftRow[node] * _padded);

    /// <summary>The random numbers of the step at hand.</summary>
    public RandomKey Random { get; set; }

    public override void Begin(ReadOnlySpan<int> tokens, int committed = 0, RandomKey random = default)
    {
        tokens.CopyTo(Tokens);
        (Committed, Random) = (committed, random);
    }

    public override void Decide(ReadOnlySpan<int> path, int token)
    {
        Verdict.Clear();
        foreach (int node in path)
            Verdict.Accept(node, Tokens[node]);
        Verdict.Token = token;
    }

    public override void Download(ReadOnlySpan<int> nodes, Span<int> tokens)
    {
        for (int i = 0; i < nodes.Length; i++)
            tokens[i] = Tokens[nodes[i]];
    }

    public override void Dispose()
    {
        _draftRows.Dispose();
        foreach (SamplingScratch scratch in Scratch)
            scratch.Dispose();
    }
}
