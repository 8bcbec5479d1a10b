namespace Sequoia.Native.Execution;

/// <summary>What a device holds for one token tree: the node's tokens, and the draft's distribution at every inner node.</summary>
internal abstract class TreeState(TokenTree tree, SpeculationMethod method) : IDisposable
{
    public TokenTree Tree { get; } = tree;

    /// <summary>Of the tree, since children must be verified by the method that they were drawn by.</summary>
    public SpeculationMethod Method { get; } = method;

    /// <summary>Sets the tokens of nodes 0, 1, ...</summary>
    public abstract void Upload(ReadOnlySpan<int> tokens);

    /// <summary>Reads the tokens of the given nodes.</summary>
    public abstract void Download(ReadOnlySpan<int> nodes, Span<int> tokens);

    public abstract void Dispose();
}
