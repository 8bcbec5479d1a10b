using System.Globalization;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>A loaded target, optionally with a draft, and a generator that speculates with the best tree for them.</summary>
internal sealed class ModelPair : IDisposable
{
    private readonly LanguageModel _target;
    private readonly LanguageModel? _draft;

    private ModelPair(LanguageModel target, LanguageModel? draft, TextGenerator speculative) =>
        (_target, _draft, Speculative, Plain) = (target, draft, speculative, new TextGenerator(target, null, TreePolicy.None));

    /// <summary>Speculates with the tree.</summary>
    public TextGenerator Speculative { get; }

    /// <summary>Decodes one token at a time.</summary>
    public TextGenerator Plain { get; }

    /// <param name="target">The target's folder.</param>
    /// <param name="draft">The draft's folder, or null.</param>
    /// <param name="tree">The tree; null for the draft's default.</param>
    /// <param name="options">How to load both.</param>
    /// <param name="streams">Its notes get the messages for the user.</param>
    /// <param name="cancellation">Stops loading and measuring.</param>
    public static async Task<ModelPair> LoadAsync(string target, string? draft, TreePolicy? tree, LoadOptions options, Streams streams, CancellationToken cancellation)
    {
        CheckTree(tree ?? TreePolicy.DefaultFor(draft), draft);
        LanguageModel? large = null, small = null;
        try
        {
            large = await LoadModelAsync(target, options, streams, cancellation);
            // The draft runs several times a step: it belongs in memory.
            small = draft is null ? null : await LoadModelAsync(draft, options with { Stream = StreamMode.Never }, streams, cancellation);
            TextGenerator generator = await TextGenerator.CreateAsync(large, small, tree, cancellationToken: cancellation);
            if (generator.Plan is { Tree.Size: 1 } plan)
                Note(string.Create(CultureInfo.InvariantCulture, $"decoding one token at a time: the best tree would be only {plan.BestSpeedup:F2} times as fast here"));
            return new ModelPair(large, small, generator);
        }
        catch
        {
            small?.Dispose();
            large?.Dispose();
            throw;
        }

        void Note(string text) => streams.Notes.WriteLine($"sequoia: {text}");
    }

    /// <summary>Checks that a tree can be built for a draft, before gigabytes are loaded.</summary>
    /// <exception cref="InvalidInputException">It cannot.</exception>
    public static void CheckTree(TreePolicy tree, string? draft)
    {
        try
        {
            tree.ResolveFor(draft);
        }
        catch (InvalidInputException e) when (e.Parameter == "acceptance")
        {
            throw new InvalidInputException($"{e.Message}; `sequoia measure acceptance` does that", e);
        }
    }

    /// <summary>Loads a model, with a progress bar if weights are copied to a device. The CPU uses them where they are mapped.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="options">How to load it.</param>
    /// <param name="streams">Its notes get the library's log.</param>
    /// <param name="cancellation">Ends the wait at once; a load in progress ends with the process.</param>
    public static Task<LanguageModel> LoadModelAsync(string folder, LoadOptions options, Streams streams, CancellationToken cancellation)
    {
        options = options with { Logger = new NoteLogger(streams) };
        return options.Device is "auto" or "cpu"
            ? LanguageModel.LoadAsync(folder, options, null, cancellation).WaitAsync(cancellation)
            : WorkProgress.RunAsync(
                streams, "Loading", 1, done => LanguageModel.LoadAsync(folder, options, new Counter<double>(done), cancellation).WaitAsync(cancellation));
    }

    public void Dispose()
    {
        Speculative.Dispose();
        Plain.Dispose();
        _draft?.Dispose();
        _target.Dispose();
    }
}
