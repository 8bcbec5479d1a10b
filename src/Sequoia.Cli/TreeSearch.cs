using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Chooses a tree within bounds (Sequoia, section 3.3: the speedup is F(n, d) / (t(n) + d c)).</summary>
internal sealed class TreeSearch(AcceptanceVector acceptance, int maxSize, int? maxLevels, double draftCost)
{
    /// <summary>The tree with the most expected tokens.</summary>
    public TreeChoice Largest()
    {
        TokenTree tree = OptimalTree.Build(acceptance, maxSize, maxLevels);
        return new TreeChoice(tree, OptimalTree.ExpectedTokens(tree, acceptance), null);
    }

    /// <summary>The tree of a size in <paramref name="costs"/> that makes the target fastest; the lone root drafts nothing.</summary>
    public TreeChoice Fastest(SortedDictionary<int, double> costs, Action<string> note)
    {
        int[] sizes = [.. costs.Keys.Where(size => size <= maxSize)];
        if (sizes.Length == 0)
            throw new InvalidInputException($"--verify-cost: has no size up to --max-size {maxSize}; add one");
        if (sizes.Length < costs.Count)
            note($"sequoia: sizes of --verify-cost above --max-size {maxSize} were left out: {string.Join(", ", costs.Keys.Skip(sizes.Length))}");
        TreeChoice? best = null;
        foreach (int size in sizes)
        {
            int mostLevels = Math.Min(maxLevels ?? size, size);
            for (int levels = size == 1 ? 1 : 2; levels <= mostLevels; levels++)
            {
                TokenTree tree = OptimalTree.Build(acceptance, size, levels);
                double expected = OptimalTree.ExpectedTokens(tree, acceptance);
                double drafting = tree.Size == 1 ? 0 : tree.Levels * draftCost;
                double speedup = expected / (costs[size] + drafting);
                if (best is null || speedup > best.Speedup)
                    best = new TreeChoice(tree, expected, speedup);
                // More levels than the tree wants: further ones change nothing.
                if (tree.Levels < levels)
                    break;
            }
        }
        return best ?? new TreeChoice(TokenTree.Root, 1, 1 / costs[sizes[0]]);
    }
}
