using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Diagnostics;
using Sequoia.Native.Engine;

namespace Sequoia.Native;

/// <summary>A tree chosen by the measured costs of a step's passes, with its predicted performance.</summary>
public sealed record TreePlan
{
    internal TreePlan(TokenTree tree, double expectedTokens, double speedup, double bestSpeedup, HardwareCosts costs, int context) =>
        (Tree, ExpectedTokens, Speedup, BestSpeedup, Costs, Context) = (tree, expectedTokens, speedup, bestSpeedup, costs, context);

    /// <summary>The shape; a lone root if no tree is faster than one token at a time.</summary>
    public TokenTree Tree { get; internal init; }

    /// <summary>Predicted tokens per step, including the bonus token.</summary>
    public double ExpectedTokens { get; internal init; }

    /// <summary>Predicted speedup over one token at a time; 1 for the lone root.</summary>
    public double Speedup { get; internal init; }

    /// <summary>Predicted speedup of the best tree, even if it is not chosen.</summary>
    public double BestSpeedup { get; internal init; }

    /// <summary>Predicted seconds of a step with this tree.</summary>
    public double StepSeconds { get; internal init; }

    /// <summary>The number of committed tokens at which the costs were measured.</summary>
    public int Context { get; internal init; }

    /// <summary>The basis of the choice.</summary>
    internal HardwareCosts Costs { get; }
}

/// <summary>
/// Decides which tree a pair of models speculates with, in one place, both for constructors, which must not measure, and for callers that can wait.
/// </summary>
/// <param name="Tree">The shape.</param>
/// <param name="Plan">The reason, if costs decided.</param>
/// <param name="Undecided">The pair's acceptance, if costs should decide but have not been measured; the shape is then one that fits any machine.</param>
internal sealed record TreeDecision(TokenTree Tree, TreePlan? Plan, AcceptanceVector? Undecided)
{
    /// <summary>Decides by the policy and by costs that were measured and stored before.</summary>
    /// <param name="target">The large model.</param>
    /// <param name="draft">The small model, or null.</param>
    /// <param name="policy">The policy; null for the draft's default.</param>
    /// <exception cref="InvalidInputException">The models do not fit together, or the tree cannot be built.</exception>
    public static TreeDecision Of(LanguageModel target, LanguageModel? draft, TreePolicy? policy)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (policy is null && (policy = TreePolicy.DefaultFor(draft?.Folder)) == TreePolicy.Unmeasured)
            Log.Unmeasured(target.Logger, policy.ToString());
        TokenTree shape = policy.ResolveFor(draft?.Folder);
        if (draft is null)
            return shape.Size == 1 ? new(shape, null, null) : throw new InvalidInputException($"tree: '{policy}' needs a draft model; name one, or use none") { Parameter = "tree" };
        if (draft.Config.VocabularySize != target.Config.VocabularySize || !draft.Tokenizer.SameVocabulary(target.Tokenizer))
            throw new InvalidInputException($"draft: {draft.Folder} has another vocabulary than {target.Folder}; use a draft with the target's tokenizer") { Parameter = "draft" };
        if (draft.DeviceId != target.DeviceId)
            throw new InvalidInputException($"draft: is on {draft.Device}, and the target on {target.Device}; load both on one device") { Parameter = "draft" };
        if (draft != target && !draft.CanDraft)
            throw new InvalidInputException($"draft: {draft.Folder} is streamed to {draft.Device}, and it runs several times a step; load it with StreamMode.Never") { Parameter = "draft" };
        RequirePossible(target, shape);
        // Without meaningful times there is nothing to choose by.
        if (policy != TreePolicy.Auto || !target.HasTimes || AcceptanceVector.OfDraft(draft.Folder) is not { } acceptance)
            return new(shape, null, null);
        HardwareCache cache = HardwareCache.Of(target);
        return HardwareKey.ThatServe(target, draft).Select(cache.Find).FirstOrDefault(found => found is not null) is { } costs
            ? ByCosts(target, draft, acceptance, costs) : new(shape, null, acceptance);
    }

    /// <summary>Measures what is undecided (a few seconds, on the caller's thread), stores the costs and decides by them.</summary>
    /// <exception cref="OperationCanceledException">The measurement was cancelled; nothing is stored.</exception>
    public TreeDecision Measure(LanguageModel target, LanguageModel draft, IProgress<double>? progress, CancellationToken cancellation)
    {
        if (Undecided is null)
            return this;
        Log.Measuring(target.Logger);
        HardwareCosts costs = HardwareMeter.Measure(target, draft, HardwareMeterOptions.ForPair(AutoTree.UsualContext(target, draft), Undecided, target.IsStreamed), progress, cancellation);
        HardwareCache.Of(target).Keep(costs);
        return ByCosts(target, draft, Undecided, costs);
    }

    private static TreeDecision ByCosts(LanguageModel target, LanguageModel draft, AcceptanceVector acceptance, HardwareCosts costs)
    {
        using ModelLease large = target.Lease(), small = draft.Lease();
        StreamModel? stream = large.Llama.Backend.StreamModelOf(large.Llama, small.Llama);
        TreePlan plan = AutoTree.Choose(acceptance, costs, AutoTree.UsualContext(target, draft), target.MostTreeLevels, stream);
        RequirePossible(target, plan.Tree);
        Log.Chosen(target.Logger, plan.Tree.Size, plan.Tree.Levels, plan.Speedup, costs.Date);
        return new(plan.Tree, plan, null);
    }

    private static void RequirePossible(LanguageModel target, TokenTree tree)
    {
        int mostChildren = Enumerable.Range(0, tree.Size).Max(tree.ChildCount);
        if (mostChildren > target.Config.VocabularySize)
            throw new InvalidInputException($"tree: a node has {mostChildren} children, more than the vocabulary's {target.Config.VocabularySize} tokens; use a narrower tree") { Parameter = "tree" };
        if (mostChildren > target.MostChildren)
            throw new InvalidInputException($"tree: a node has {mostChildren} children, and {target.Device} can draw {target.MostChildren}; use a narrower tree") { Parameter = "tree" };
        if (tree.Levels > target.MostTreeLevels)
            throw new InvalidInputException($"tree: it has {tree.Levels} levels, and {target.Device} can compute {target.MostTreeLevels}; use a shallower tree") { Parameter = "tree" };
    }
}
