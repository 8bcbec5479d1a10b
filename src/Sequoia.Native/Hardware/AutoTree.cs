namespace Sequoia.Native;

/// <summary>
/// Chooses the tree that makes decoding fastest for a pair's acceptance and its measured costs: the largest F(T) / seconds of a step
/// (Sequoia, section 3.3), charging the passes that the engine really makes.
/// </summary>
public static class AutoTree
{
    /// <summary>
    /// A tree is taken only if it promises more than this: below it, the error of the prediction could cost more than speculation wins.
    /// </summary>
    public const double LeastSpeedup = 1.03;

    // How far into a text the costs are taken: most of a short text lies near this, and costs grow slowly with it.
    private const int MostContext = 256;

    /// <summary>
    /// The best tree for a pair: for its acceptance, and for costs that are taken from <see cref="HardwareCache"/> or, the first time,
    /// measured (some seconds) and kept there.
    /// </summary>
    /// <param name="target">The large model.</param>
    /// <param name="draft">The small one.</param>
    /// <param name="acceptance">The pair's.</param>
    /// <param name="note">Told, in a line each, what a user may want to know.</param>
    public static TreePlan For(LanguageModel target, LanguageModel draft, AcceptanceVector acceptance, Action<string>? note = null)
    {
        int context = UsualContext(target, draft);
        return Choose(acceptance, HardwareCache.FindOrMeasure(target, draft, context, acceptance, note), context);
    }

    /// <summary>The number of committed tokens that <see cref="For"/> takes the costs behind.</summary>
    public static int UsualContext(LanguageModel target, LanguageModel draft)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(draft);
        return Math.Min(MostContext, Math.Min(target.ContextLength, draft.ContextLength) / 2);
    }

    /// <summary>The best tree behind <paramref name="context"/> committed tokens. Deterministic.</summary>
    public static TreePlan Choose(AcceptanceVector acceptance, HardwareCosts costs, int context)
    {
        ArgumentNullException.ThrowIfNull(acceptance);
        ArgumentNullException.ThrowIfNull(costs);
        double plain = costs.PlainSeconds(context);
        TreePlan best = new(TokenTree.Root, 1, 1, 0);
        int levels = 0;
        foreach (double[] most in OptimalTree.ExpectedTokensByLevels(new AcceptanceByDepth(acceptance), costs.MostRows))
        {
            if (++levels == 1)
                continue;
            // A level has at least one inner node: what a tree's drafts cost at least, before the tree is made.
            double drafting = costs.RootSeconds(context) + ((levels - 2) * costs.DraftSeconds(1, context));
            for (int size = levels; size <= costs.MostRows; size++)
            {
                double tokens = most[size], seconds = drafting + costs.TargetSeconds(size, context) + (costs.VerifySeconds * tokens);
                if (tokens * plain / seconds <= best.BestSpeedup)
                    continue;
                TokenTree tree = OptimalTree.Build(acceptance, size, levels);
                double speedup = tokens * plain / costs.StepSeconds(tree, tokens, context);
                if (speedup > best.BestSpeedup)
                    best = new TreePlan(tree, tokens, speedup, speedup);
            }
        }
        return best.BestSpeedup > LeastSpeedup ? best : new TreePlan(TokenTree.Root, 1, 1, best.BestSpeedup);
    }
}
