namespace Sequoia.Native.Trees;

/// <summary>
/// The path from the root to every node, each contiguous in memory. A node's path is a prefix of the path of every node
/// below it, so only the leaves' paths are stored.
/// </summary>
internal sealed class TreePaths
{
    private const int MaxEntries = 1 << 24;
    private readonly int[] _nodes;
    private readonly int[] _starts;
    private readonly int[] _lengths;

    public TreePaths(TokenTree tree)
    {
        long total = 0;
        for (int node = 0; node < tree.Size; node++)
            total += tree.ChildCount(node) == 0 ? tree.Depth(node) + 1 : 0;
        if (total > MaxEntries)
            throw new InvalidInputException($"a tree of {tree.Size} nodes and {tree.Levels} levels is too deep for its width; use fewer of either");

        _nodes = new int[total];
        _starts = new int[tree.Size];
        _lengths = new int[tree.Size];
        int start = 0;
        for (int leaf = 0; leaf < tree.Size; leaf++)
        {
            if (tree.ChildCount(leaf) != 0)
                continue;
            for (int node = leaf; node >= 0; node = tree.Parent(node))
            {
                _nodes[start + tree.Depth(node)] = node;
                _starts[node] = start;
                _lengths[node] = tree.Depth(node) + 1;
            }
            start += tree.Depth(leaf) + 1;
        }
    }

    public ReadOnlySpan<int> this[int node] => _nodes.AsSpan(_starts[node], _lengths[node]);
}
