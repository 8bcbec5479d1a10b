namespace Sequoia.Native;

/// <summary>Measures how often the target accepts the draft's k-th guess: the vector that optimal trees are built from.</summary>
internal static class AcceptanceMeter
{
    /// <summary>Children drawn at every step, as in the paper's measurement.</summary>
    public const int Width = 32;

    /// <summary>
    /// Generates a continuation of every prompt with one level of <see cref="Width"/> children and counts which rank was accepted
    /// (Sequoia paper, section 4; p_k is the probability that children 1 .. k-1 were rejected and child k accepted). Every position of
    /// the text is measured: the target computes the root alone, and the next root is the accepted child or the token drawn instead of
    /// it. Deterministic for a given seed, on one thread: the caller's.
    /// </summary>
    /// <remarks>
    /// Each token of a text is decided at exactly one node that a tree's steps visit, whatever the tree. So the vector, an average over all
    /// positions, is the acceptance that the visited nodes have on average. F(T) is then exact for endless trees with the same
    /// children at every node, and off by the correlation of neighbouring positions where a tree narrows or ends;
    /// <see cref="AcceptanceMeasurement.ExpectedTokens"/> includes it. Acceptances in a row since the last rejection are counted below
    /// the root of a tree (<see cref="AcceptanceMeasurement.ByDepth"/>): rejection by all of 32 children is so rare that rows ended by
    /// it alone say nothing about a tree, whose steps also end at leaves and at nodes with few children.
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
        int width = Math.Min(Width, target.Config.VocabularySize);
        var ranks = new List<int[]>();
        using TextGenerator generator = TextGenerator.OfStar(target, draft, width, method);
        for (int i = 0; i < prompts.Count; i++)
        {
            var accepted = new List<int>();
            // Another seed for each prompt: the same one would make the coins of all prompts the same. A star's node i is its i-th child.
            generator.Walk(prompts[i], options with { Seed = (options.Seed ?? 0) + (ulong)i }, verdict => accepted.Add(verdict.Ahead), cancellationToken);
            ranks.Add([.. accepted]);
            progress?.Report(i + 1);
        }
        return new AcceptanceMeasurement(width, ranks);
    }
}
