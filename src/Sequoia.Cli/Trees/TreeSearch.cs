using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Chooses a tree within bounds (Sequoia, section 3.3: the speedup is F(n, d) / (t(n) + d c)).</summary>
internal sealed class TreeSearch(AcceptanceByDepth acceptance, int maxSize, int? maxLevels, double draftCost)
{
    /// <summary>The tree with the most expected tokens.</summary>
    public TreeChoice Largest()
    {
        TokenTree tree = OptimalTree.Build(acceptance, maxSize, maxLevels);
        return new TreeChoice(tree, OptimalTree.ExpectedTokens(tree, acceptance), null);
    }

    /// <summary>The tree of a size in <paramref name="costs"/> with the largest speedup; the lone root drafts nothing.</summary>
    public TreeChoice Fastest(SortedDictionary<int, double> costs, Action<string> note)
    {
        int[] sizes = [.. costs.Keys.Where(size => size <= maxSize)];
        if (sizes.Length == 0)
            throw new InvalidInputException($"--verify-cost: has no size up to --max-size {maxSize}; add one");
        if (sizes.Length < costs.Count)
            note($"sequoia: sizes of --verify-cost above --max-size {maxSize} were left out: {string.Join(", ", costs.Keys.Skip(sizes.Length))}");
        // For any number of levels, no tree of a size gives more.
        double[] limits = [.. sizes.Select(size => OptimalTree.ExpectedTokens(OptimalTree.Build(acceptance, size), acceptance))];
        (int Size, int Levels, double Speedup)? best = null;
        int levels = 0;
        foreach (double[] expected in OptimalTree.ExpectedTokensByLevels(acceptance, sizes[^1]).Take(maxLevels ?? int.MaxValue))
        {
            levels++;
            foreach (int size in sizes.Where(size => levels == 1 ? size == 1 : size >= levels))
            {
                double speedup = expected[size] / (costs[size] + Drafting(levels));
                if (best is null || speedup > best.Value.Speedup)
                    best = (size, levels, speedup);
            }
            if (!sizes.Where((size, i) => best is null || limits[i] / (costs[size] + Drafting(levels + 1)) > best.Value.Speedup).Any())
                break;
        }
        (int chosenSize, int chosenLevels, double chosenSpeedup) = best ?? (sizes[0], 1, 1 / costs[sizes[0]]);
        TokenTree tree = OptimalTree.Build(acceptance, chosenSize, chosenLevels);
        return new TreeChoice(tree, OptimalTree.ExpectedTokens(tree, acceptance), chosenSpeedup);

        double Drafting(int ofLevels) => ofLevels == 1 ? 0 : ofLevels * draftCost;
    }
}

/// <summary>A tree with its predictions; the speedup is null if no costs are known.</summary>
internal sealed record TreeChoice(TokenTree Tree, double ExpectedTokens, double? Speedup);
