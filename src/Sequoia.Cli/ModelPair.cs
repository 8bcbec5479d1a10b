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
    /// <param name="tree">Null: auto where the pair's acceptance is known, else a chain, with a note.</param>
    /// <param name="options">How to load both.</param>
    /// <param name="note">Takes notes for the user.</param>
    public static ModelPair Load(string target, string? draft, TreePolicy? tree, LoadOptions options, Action<string> note)
    {
        TokenTree shape = TokenTree.Root;
        if (draft is not null)
        {
            AcceptanceVector? acceptance = tree is { NeedsAcceptance: false } ? null : AcceptanceVector.OfDraft(draft);
            if (tree is null && acceptance is null)
                note($"speculating with {TreePolicy.Unmeasured}, as the acceptance of this pair is unknown; `sequoia measure acceptance` finds it, --tree chooses otherwise");
            shape = (tree ?? (acceptance is null ? TreePolicy.Unmeasured : TreePolicy.Auto)).Resolve(acceptance);
        }
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
