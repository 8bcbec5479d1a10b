using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>The draft's logits at every inner node of a tree on host and device, and what the reference draws from them.</summary>
internal sealed class DrawProblem(TokenTree tree, int vocabulary, SamplingOptions options, RandomKey random, int shuffle, SpeculationMethod method = SpeculationMethod.Sequoia) : IDisposable
{
    private readonly DraftedTree _drafted = new(tree, vocabulary, options, random, shuffle, method);
    private LogitBuffer? _logits;

    public TokenTree Tree => _drafted.Tree;

    public SamplingOptions Options => _drafted.Options;

    public RandomKey Random => _drafted.Random;

    public int[] NodeOfRow => _drafted.NodeOfRow;

    public LogitBuffer Logits => _logits ??= new LogitBuffer(_drafted.Logits);

    public CpuTreeState State => _drafted.State;

    public int Vocabulary => _drafted.Vocabulary;

    public int Rows => _drafted.Rows;

    /// <summary>Draws on the host; returns the rows whose logits the reference refuses.</summary>
    public HashSet<int> Draw() => _drafted.Draw();

    public void Dispose()
    {
        _drafted.Dispose();
        _logits?.Dispose();
    }
}
