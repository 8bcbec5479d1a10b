namespace Sequoia.Native;

/// <summary>
/// Chooses the tree that decodes fastest for a pair's acceptance and its measured costs: the largest F(T) / seconds of a step
/// (Sequoia, section 3.3), charging the passes that the engine really runs.
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
    public static TreePlan Choose(AcceptanceVector acceptance, HardwareCosts costs, int context, int mostLevels)
    {
        ArgumentNullException.ThrowIfNull(acceptance);
        ArgumentNullException.ThrowIfNull(costs);
        double plain = costs.PlainSeconds(context);
        TreePlan best = new(TokenTree.Root, 1, 1, 0, costs, context);
        int levels = 0;
        foreach (double[] most in OptimalTree.ExpectedTokensByLevels(new AcceptanceByDepth(acceptance), costs.MostRows).Take(mostLevels))
        {
            if (++levels == 1)
                continue;
            // A level has at least one inner node: this is a lower bound on the cost of a tree's drafts, before the tree is built.
            double drafting = costs.RootSeconds(context) + ((levels - 2) * costs.DraftSeconds(1, context));
            for (int size = levels; size <= costs.MostRows; size++)
            {
                double tokens = most[size], seconds = drafting + costs.TargetSeconds(size, context) + (costs.VerifySeconds * tokens);
                if (tokens * plain / seconds <= best.BestSpeedup)
                    continue;
                TokenTree tree = OptimalTree.Build(acceptance, size, levels);
                double speedup = tokens * plain / costs.StepSeconds(tree, tokens, context);
                if (speedup > best.BestSpeedup)
                    best = best with { Tree = tree, ExpectedTokens = tokens, Speedup = speedup, BestSpeedup = speedup };
            }
        }
        return best.BestSpeedup > LeastSpeedup ? best : best with { Tree = TokenTree.Root, ExpectedTokens = 1, Speedup = 1 };
    }
}
