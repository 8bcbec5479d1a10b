using Sequoia.Native.Generation;

namespace Sequoia.Native;

/// <summary>Measures how often the target accepts the draft's k-th guess: the vector that optimal trees are built from.</summary>
public static class AcceptanceMeter
{
    /// <summary>Children drawn at every step, as in the paper's measurement.</summary>
    public const int Width = 32;

    /// <summary>The most entries of <see cref="AcceptanceMeasurement.ByDepth"/>.</summary>
    public const int Depths = 16;

    /// <summary>
    /// Generates a continuation of every prompt with one level of <see cref="Width"/> children and counts which rank was accepted
    /// (Sequoia paper, section 4; p_k is the probability that children 1 .. k-1 were rejected and child k accepted). Every position of
    /// the text is measured: the target computes the root alone, and the next root is the accepted child or the token drawn instead of
    /// it. Deterministic for a given seed, on one thread: the caller's.
    /// </summary>
    /// <remarks>
    /// What the tree formula F(T) needs is the acceptance at the nodes that a tree's walks visit. Each token of a text is decided at
    /// exactly one visited node, whatever the tree, so the vector, an average over all positions, is the average that it needs; F is
    /// then exact for endless trees with the same children at every node, however the acceptances hang together, and off by their
    /// correlation where a tree narrows or ends. The by-depth entries describe that correlation: depth d is d acceptances in a row since
    /// the last rejection. They are what a node d levels below a root needs only as far as roots come after rejections by
    /// <see cref="Width"/> children. In a real tree they also come after leaves, which is after acceptances, and after rejections by
    /// fewer children, where a later one would have been right; so they put acceptance near the root too low where it rises with depth.
    /// </remarks>
    /// <param name="target">The model that verifies.</param>
    /// <param name="draft">The model that guesses; over the same vocabulary.</param>
    /// <param name="prompts">Texts to continue.</param>
    /// <param name="options">How to sample; MaxTokens counts for each prompt.</param>
    /// <param name="method">How guesses are drawn and checked: each has a vector of its own.</param>
    /// <param name="progress">Told the number of prompts done.</param>
    /// <param name="cancellationToken">Stops within one step.</param>
    /// <exception cref="InvalidInputException">There are no prompts, one does not fit, or an option is out of range.</exception>
    public static AcceptanceMeasurement Measure(
        LanguageModel target, LanguageModel draft, IReadOnlyList<string> prompts, GenerationOptions? options = null,
        SpeculationMethod method = SpeculationMethod.Sequoia, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new GenerationOptions();
        int width = Math.Min(Width, target.Llama.Config.VocabularySize);
        var counts = new AcceptanceCounts(width, Depths);
        using TextGenerator generator = TextGenerator.OfStar(target, draft, width, method);
        for (int i = 0; i < prompts.Count; i++)
        {
            counts.NextPrompt();
            // Another seed for each prompt: the same one would make the coins of all prompts the same. A star's node i is its i-th child.
            generator.Walk(prompts[i], options with { Seed = (options.Seed ?? 0) + (ulong)i }, verdict => counts.Add(verdict.Ahead), cancellationToken);
            progress?.Report(i + 1);
        }
        return counts.Result();
    }
}
