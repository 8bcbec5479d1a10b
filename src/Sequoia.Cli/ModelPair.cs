using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>A target, perhaps with a draft, loaded; and the tree to use them with.</summary>
internal sealed class ModelPair : IDisposable
{
    private readonly LanguageModel _target;
    private readonly LanguageModel? _draft;
    private readonly TokenTree _tree;

    private ModelPair(LanguageModel target, LanguageModel? draft, TokenTree tree) => (_target, _draft, _tree) = (target, draft, tree);

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
        LanguageModel loaded = LanguageModel.Load(target, options);
        try
        {
            return new ModelPair(loaded, draft is null ? null : LanguageModel.Load(draft, options), shape);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>A generator that speculates with the tree.</summary>
    public TextGenerator Speculative() => new(_target, _draft, TreePolicy.FromTree(_tree));

    /// <summary>A generator of one token at a time.</summary>
    public TextGenerator Plain() => new(_target, null, TreePolicy.None);

    public void Dispose()
    {
        _draft?.Dispose();
        _target.Dispose();
    }
}
