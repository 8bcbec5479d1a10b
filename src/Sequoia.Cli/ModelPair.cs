using System.Globalization;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>A target, perhaps with a draft, loaded; and the tree to use them with.</summary>
internal sealed class ModelPair : IDisposable
{
    private readonly TokenTree _tree;

    private ModelPair(LanguageModel target, LanguageModel? draft, TokenTree tree) => (Target, Draft, _tree) = (target, draft, tree);

    private ModelPair(LanguageModel target, LanguageModel draft, HardwareCosts costs, TreePlan plan) : this(target, draft, plan.Tree) =>
        (Costs, Plan) = (costs, plan);

    public LanguageModel Target { get; }

    public LanguageModel? Draft { get; }

    /// <summary>What a step's parts cost; null unless the tree was chosen by it.</summary>
    public HardwareCosts? Costs { get; }

    /// <summary>The chosen tree and what it promises; null unless it was chosen by cost.</summary>
    public TreePlan? Plan { get; }

    /// <param name="target">The target's folder.</param>
    /// <param name="draft">The draft's folder, or null.</param>
    /// <param name="tree">Null: the default for the draft, with a note where its acceptance is unknown.</param>
    /// <param name="options">How to load both.</param>
    /// <param name="note">Takes notes for the user.</param>
    public static ModelPair Load(string target, string? draft, TreePolicy? tree, LoadOptions options, Action<string> note)
    {
        // Before the models are loaded: a bad tree is told at once.
        tree ??= TreePolicy.DefaultFor(draft);
        if (tree == TreePolicy.Unmeasured)
            note($"speculating with {tree}, as the acceptance of this pair is unknown; `sequoia measure acceptance` finds it, --tree chooses otherwise");
        TokenTree shape = tree.ResolveFor(draft);
        AcceptanceVector? acceptance = tree == TreePolicy.Auto && draft is not null ? AcceptanceVector.OfDraft(draft) : null;
        LanguageModel? large = null, small = null;
        try
        {
            large = LanguageModel.Load(target, options);
            small = draft is null ? null : LanguageModel.Load(draft, options);
            if ((large.Note ?? small?.Note) is { } narrowed)
                note(narrowed);
            // Without times there is nothing to choose by; the stored tree is taken.
            if (acceptance is null || small is null || !large.HasTimes)
                return new ModelPair(large, small, shape);
            // Whether the two fit together is checked before anything is measured.
            new TextGenerator(large, small, TreePolicy.FromTree(shape)).Dispose();
            int context = AutoTree.UsualContext(large, small);
            HardwareCosts costs = HardwareCache.FindOrMeasure(large, small, context, acceptance, note);
            TreePlan plan = AutoTree.Choose(acceptance, costs, context);
            if (plan.Tree.Size == 1)
                note(string.Create(CultureInfo.InvariantCulture, $"decoding one token at a time: the best tree would be only {plan.BestSpeedup:F2} times as fast here"));
            return new ModelPair(large, small, costs, plan);
        }
        catch
        {
            small?.Dispose();
            large?.Dispose();
            throw;
        }
    }

    /// <summary>A generator that speculates with the tree.</summary>
    public TextGenerator Speculative() => new(Target, Draft, TreePolicy.FromTree(_tree));

    /// <summary>A generator of one token at a time.</summary>
    public TextGenerator Plain() => new(Target, null, TreePolicy.None);

    public void Dispose()
    {
        Draft?.Dispose();
        Target.Dispose();
    }
}
