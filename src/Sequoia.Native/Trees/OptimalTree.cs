using Sequoia.Native.Trees;

namespace Sequoia.Native;

/// <summary>
/// The tree that gives the most tokens per step for an acceptance vector (Sequoia, section 3.1): exact for every vector.
/// The same input always gives the same tree.
/// </summary>
public static class OptimalTree
{
    /// <summary>
    /// The best tree of at most <paramref name="maxSize"/> nodes and <paramref name="maxLevels"/> levels (null: any),
    /// the root included. Nodes that could not add anything are left out, so it may have fewer nodes.
    /// </summary>
    /// <exception cref="InvalidInputException">A bound is not in 1..65536.</exception>
    public static TokenTree Build(AcceptanceVector p, int maxSize, int? maxLevels = null)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (maxSize is < 1 or > TokenTree.MaxSize)
            throw new InvalidInputException($"the size of an optimal tree is {maxSize}; it must be in 1..{TokenTree.MaxSize}");
        if (maxLevels is < 1 or > TokenTree.MaxSize)
            throw new InvalidInputException($"the number of levels of an optimal tree is {maxLevels}; it must be in 1..{TokenTree.MaxSize}");

        ReadOnlySpan<double> useful = p.Values.TrimEnd(0.0);
        if (useful.Length > maxSize - 1)
            useful = useful[..(maxSize - 1)];
        int levels = Math.Min(maxLevels ?? maxSize, maxSize);
        if (useful.IsEmpty || levels == 1)
            return TokenTree.Root;
        if (IsNonIncreasing(useful))
            return TokenTree.FromParents(GreedyTree.Parents(useful, maxSize, levels));
        // Much cheaper than with a bound, which often does not matter.
        TokenTree unbounded = TokenTree.FromParents(UnboundedTree.Parents(useful, maxSize));
        return unbounded.Levels <= levels ? unbounded : TokenTree.FromParents(LevelBoundTree.Parents(useful, maxSize, levels));
    }

    /// <summary>
    /// F(T): the tokens per step to expect of a tree, the bonus token included. The sum over all nodes of the product
    /// of p over the child ranks on the path to the node.
    /// </summary>
    public static double ExpectedTokens(TokenTree tree, AcceptanceVector p)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(p);
        double[] reached = new double[tree.Size];
        reached[0] = 1;
        double sum = 1;
        for (int node = 1; node < tree.Size; node++)
        {
            reached[node] = reached[tree.Parent(node)] * p[tree.Rank(node)];
            sum += reached[node];
        }
        return sum;
    }

    private static bool IsNonIncreasing(ReadOnlySpan<double> p)
    {
        for (int i = 1; i < p.Length; i++)
        {
            if (p[i] > p[i - 1])
                return false;
        }
        return true;
    }
}
