namespace Sequoia.Native;

/// <summary>Measures how often the target accepts the draft's k-th guess: the vector that optimal trees are built from.</summary>
internal static class AcceptanceMeter
{
    /// <summary>Children drawn at every step, as in the paper's measurement.</summary>
    public const int Width = 32;

    /// <summary>
    /// Generates a continuation of every prompt with one level of <see cref="Width"/> children and counts which rank was accepted
    /// (Sequoia paper, section 4; p_k is the probability that children 1 .. k-1 were rejected and child k accepted). Every position of
    /// the text is measured: the target computes only the root, and the next root is the accepted child or the token drawn instead.
    /// Deterministic for a given seed; runs on the caller's thread.
    /// </summary>
    /// <remarks>
    /// For any tree, each token of a text is decided at exactly one node that the tree's steps visit. So the vector, an average over all
    /// positions, is the average acceptance of the visited nodes. F(T) is then exact for infinite trees with the same
    /// children at every node; where a tree narrows or ends, it is off by the correlation of neighbouring positions, which
    /// <see cref="AcceptanceMeasurement.ExpectedTokens"/> includes. Acceptances in a row since the last rejection are counted below
    /// the root of a tree (<see cref="AcceptanceMeasurement.ByDepth"/>): rejection of all 32 children is so rare that runs ended only by
    /// it say nothing about a tree, whose steps also end at leaves and at nodes with few children.
    /// </remarks>
    /// <param name="target">The model that verifies.</param>
    /// <param name="draft">The model that guesses; it has the same vocabulary.</param>
    /// <param name="prompts">Texts to continue.</param>
    /// <param name="options">How to sample; MaxTokens applies to each prompt.</param>
    /// <param name="method">How guesses are drawn and checked: each method has its own vector.</param>
    /// <param name="progress">Receives the number of completed prompts.</param>
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
            // Another seed for each prompt: the same seed would give all prompts the same coins. A star's node i is its i-th child.
            generator.Walk(prompts[i], options with { Seed = (options.Seed ?? 0) + (ulong)i }, verdict => accepted.Add(verdict.Ahead), cancellationToken);
            ranks.Add([.. accepted]);
            progress?.Report(i + 1);
        }
        return new AcceptanceMeasurement(width, ranks);
    }
}
