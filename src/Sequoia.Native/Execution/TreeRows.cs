namespace Sequoia.Native.Execution;

/// <summary>
/// The rows of one forward pass: nodes of a tree that hangs behind <see cref="Prefix"/> committed tokens. Row i computes node
/// Nodes[i], at position Prefix + depth, and sees the prefix and the node's own path. Causal prefill is the same with a chain.
/// </summary>
internal sealed class TreeRows(TokenTree tree, int[] nodes)
{
    public TokenTree Tree { get; } = tree;

    /// <summary>Ascending node ids, one per row; only the first <see cref="Count"/> are computed.</summary>
    public int[] Nodes { get; } = nodes;

    public int Count { get; set; } = nodes.Length;

    /// <summary>Committed tokens before the tree's root.</summary>
    public int Prefix { get; set; }

    public static TreeRows All(TokenTree tree) => new(tree, [.. Enumerable.Range(0, tree.Size)]);
}
