using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Native;

/// <summary>
/// Chooses the tree that decodes fastest for a pair's acceptance and its measured costs: the largest F(T) / seconds of a step
/// (Sequoia, section 3.3), charging the passes that the engine really runs. If weights are streamed, a tree also pays for the memory that it takes from
/// resident weights.
/// </summary>
internal static class AutoTree
{
    /// <summary>
    /// A tree is chosen only if its predicted speedup exceeds this: below it, the prediction error could cost more than speculation gains.
    /// </summary>
    public const double LeastSpeedup = 1.03;

    // The text position at which costs are evaluated: most of a short text is near this, and costs grow slowly with position.
    private const int MostContext = 256;

    /// <summary>The number of committed tokens at which costs are evaluated for <see cref="TreePolicy.Auto"/>.</summary>
    public static int UsualContext(LanguageModel target, LanguageModel draft)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(draft);
        return Math.Min(MostContext, Math.Min(target.ContextLength, draft.ContextLength) / 2);
    }

    /// <summary>The best tree after <paramref name="context"/> committed tokens. Deterministic.</summary>
    /// <param name="acceptance">The pair's acceptance.</param>
    /// <param name="costs">What passes cost.</param>
    /// <param name="context">The number of committed tokens.</param>
    /// <param name="mostLevels">The deepest tree that the device computes.</param>
    /// <param name="stream">How the target's weights are streamed; null if they are in memory.</param>
    public static TreePlan Choose(AcceptanceVector acceptance, HardwareCosts costs, int context, int mostLevels, StreamModel? stream = null)
    {
        ArgumentNullException.ThrowIfNull(acceptance);
        ArgumentNullException.ThrowIfNull(costs);
        // If a pass over the largest measured size still gained, the line goes on.
        int mostRows = stream is not null && costs.MostRows == HardwareMeterOptions.StreamedSizes[^1] ? HardwareMeterOptions.MostStreamedRows : costs.MostRows;
        // No tree leaves more memory to weights than the lone root.
        PlacementPlan? most = stream?.TryPlan(TokenTree.Root, context);
        double plain = Seconds(most, costs.TargetSeconds(1, context), costs.VerifySeconds);
        TreePlan best = new(TokenTree.Root, 1, 1, 0, costs, context) { StepSeconds = plain };
        double mostTokens = OptimalTree.ExpectedTokens(OptimalTree.Build(acceptance, mostRows), acceptance);
        int levels = 0;
        foreach (double[] tokensOf in OptimalTree.ExpectedTokensByLevels(new AcceptanceByDepth(acceptance), mostRows).Take(mostLevels))
        {
            if (++levels == 1)
                continue;
            // A level has at least one inner node: this is a lower bound on the cost of a tree's drafts, before the tree is built.
            double drafting = costs.RootSeconds(context) + ((levels - 2) * costs.DraftSeconds(1, context));
            // Further levels draft longer, and no tree has more tokens than the best one without a limit of levels.
            if (mostTokens * plain / Seconds(most, costs.TargetSeconds(levels, context), drafting) <= best.BestSpeedup)
                break;
            for (int size = levels; size <= mostRows; size = Next(size))
            {
                double tokens = tokensOf[size], verifying = costs.VerifySeconds * tokens;
                if (tokens * plain / Seconds(most, costs.TargetSeconds(size, context), drafting + verifying) <= best.BestSpeedup)
                    continue;
                TokenTree tree = OptimalTree.Build(acceptance, size, levels);
                PlacementPlan? plan = stream?.TryPlan(tree, context);
                if (stream is not null && plan is null)
                    break;
                double seconds = Seconds(plan, costs.TargetSeconds(tree.Size, context), costs.DraftingSeconds(tree, context) + verifying);
                double speedup = tokens * plain / seconds;
                if (speedup > best.BestSpeedup)
                    best = best with { Tree = tree, ExpectedTokens = tokens, Speedup = speedup, BestSpeedup = speedup, StepSeconds = seconds };
            }
        }
        return best.BestSpeedup > LeastSpeedup ? best : best with { Tree = TokenTree.Root, ExpectedTokens = 1, Speedup = 1, StepSeconds = plain };

        double Seconds(PlacementPlan? plan, double pass, double others) => plan is null ? pass + others : stream!.StepSeconds(plan, pass, others);
    }

    // Every size while one node more matters; sizes of hundreds in steps of about a hundredth.
    private static int Next(int size) => size + Math.Max(1, size / 128);
}
