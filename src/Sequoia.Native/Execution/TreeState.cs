using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution;

/// <summary>What a device holds for one token tree: the node's tokens, the draft's distribution at every inner node, and the verdict.</summary>
internal abstract class TreeState(TokenTree tree, SpeculationMethod method) : IDisposable
{
    public TokenTree Tree { get; } = tree;

    /// <summary>Of the tree, since children must be verified by the method that they were drawn by.</summary>
    public SpeculationMethod Method { get; } = method;

    /// <summary>Tokens before the root as the device counts them: those of <see cref="Begin"/> and of every commit since.</summary>
    public int Committed { get; set; }

    /// <summary>The outcome of the last verification, once <see cref="Backend.FetchVerdict"/> has brought it here.</summary>
    public Verdict Verdict { get; } = new(tree.Levels);

    /// <summary>Sets the tokens of nodes 0, 1, ..., the tokens before them, and the random numbers of the step at hand.</summary>
    public abstract void Begin(ReadOnlySpan<int> tokens, int committed = 0, RandomKey random = default);

    /// <summary>Sets a verdict that was not found by verification.</summary>
    public abstract void Decide(ReadOnlySpan<int> path, int token);

    /// <summary>Reads the tokens of the given nodes.</summary>
    public abstract void Download(ReadOnlySpan<int> nodes, Span<int> tokens);

    public abstract void Dispose();
}
