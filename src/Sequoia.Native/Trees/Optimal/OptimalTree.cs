using Sequoia.Native.Trees;

namespace Sequoia.Native;

/// <summary>
/// The tree with the most expected tokens per step for measured acceptance (Sequoia, section 3.1): exact for every vector and
/// matrix; docs/optimizer.md has the proof. The same input always gives the same tree. Thread-safe.
/// </summary>
internal static class OptimalTree
{
    /// <summary>
    /// The best tree of at most <paramref name="maxSize"/> nodes and <paramref name="maxLevels"/> levels (null: any),
    /// the root included. Nodes that add nothing are left out, so it may have fewer nodes.
    /// </summary>
    /// <exception cref="InvalidInputException">
    /// A bound is not in 1..65536, or acceptance increases with the rank somewhere and both bounds are so large (more than a
    /// thousand levels at 65536 nodes) that the tables would not fit in 2 GB.
    /// </exception>
    public static TokenTree Build(AcceptanceVector p, int maxSize, int? maxLevels = null) => Build(new AcceptanceByDepth(p), maxSize, maxLevels);

    /// <inheritdoc cref="Build(AcceptanceVector, int, int?)"/>
    public static TokenTree Build(AcceptanceByDepth p, int maxSize, int? maxLevels = null)
    {
        ArgumentNullException.ThrowIfNull(p);
        CheckSize(maxSize);
        if (maxLevels is < 1 or > TokenTree.MaxSize)
            throw new InvalidInputException($"the number of levels of an optimal tree is {maxLevels}; it must be in 1..{TokenTree.MaxSize}");

        int levels = Math.Min(maxLevels ?? maxSize, maxSize);
        double[][] rows = UsefulRows.Of(p, maxSize, ref levels);
        if (rows.Length == 0)
            return TokenTree.Root;
        if (UsefulRows.AreNonIncreasing(rows))
            return TokenTree.FromParents(GreedyTree.Grow(rows, maxSize, levels).Parents);
        // Much cheaper than with a bound, which often has no effect.
        TokenTree unbounded = Best(rows, maxSize, null);
        return unbounded.Levels <= levels ? unbounded : Best(rows, maxSize, levels);
    }

    /// <summary>
    /// F of the best trees of all sizes and levels, from which the fastest one for measured costs can be chosen (Sequoia,
    /// section 3.3). Computed lazily.
    /// </summary>
    /// <returns>
    /// For 1, 2, ... levels: an array whose entry n is F of the best tree of at most n nodes and that many levels, for n up to
    /// <paramref name="maxSize"/>; entry 0 is 0. Ends when further levels change nothing.
    /// </returns>
    /// <exception cref="InvalidInputException">The size is not in 1..65536.</exception>
    public static IEnumerable<double[]> ExpectedTokensByLevels(AcceptanceByDepth p, int maxSize)
    {
        ArgumentNullException.ThrowIfNull(p);
        CheckSize(maxSize);
        return ExpectedByLevels.Of(p, maxSize);
    }

    /// <summary>
    /// F(T): the expected tokens per step of a tree, the bonus token included. The sum over all nodes of the product
    /// of p over the child ranks on the path to the node.
    /// </summary>
    public static double ExpectedTokens(TokenTree tree, AcceptanceVector p) => ExpectedTokens(tree, new AcceptanceByDepth(p));

    /// <inheritdoc cref="ExpectedTokens(TokenTree, AcceptanceVector)"/>
    public static double ExpectedTokens(TokenTree tree, AcceptanceByDepth p) => ReachedShares(tree, p).Sum();

    /// <summary>f of every node: the product of p over the child ranks on the path to it, which is the probability that a step reaches it.</summary>
    public static double[] ReachedShares(TokenTree tree, AcceptanceByDepth p)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(p);
        double[] reached = new double[tree.Size];
        reached[0] = 1;
        for (int node = 1; node < tree.Size; node++)
        {
            int parent = tree.Parent(node);
            reached[node] = reached[parent] * p[tree.Depth(parent)][tree.Rank(node)];
        }
        return reached;
    }

    private static TokenTree Best(double[][] rows, int maxSize, int? levels) =>
        TokenTree.FromParents(TreeBacktrack.Parents(new SubtreeTables(rows, maxSize, levels), maxSize));

    private static void CheckSize(int maxSize)
    {
        if (maxSize is < 1 or > TokenTree.MaxSize)
            throw new InvalidInputException($"the size of an optimal tree is {maxSize}; it must be in 1..{TokenTree.MaxSize}");
    }
}
