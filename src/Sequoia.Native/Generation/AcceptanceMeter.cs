namespace Sequoia.Native;

/// <summary>Measures how often the target accepts the draft's k-th guess: the vector that optimal trees are built from.</summary>
public static class AcceptanceMeter
{
    /// <summary>Children drawn at every step, as in the paper's measurement.</summary>
    public const int Width = 32;

    /// <summary>
    /// Generates a continuation of every prompt with one level of <see cref="Width"/> children and counts which rank was accepted
    /// (Sequoia paper, section 4; p_k is the probability that children 1 .. k-1 were rejected and child k accepted). Deterministic for a
    /// given seed.
    /// </summary>
    /// <param name="target">The model that verifies.</param>
    /// <param name="draft">The model that guesses; over the same vocabulary.</param>
    /// <param name="prompts">Texts to continue.</param>
    /// <param name="options">How to sample; MaxTokens counts for each prompt.</param>
    /// <param name="progress">Told the number of prompts done.</param>
    /// <param name="cancellationToken">Stops within one step.</param>
    /// <returns>The vector and the number of steps that it was counted over.</returns>
    public static (AcceptanceVector Acceptance, int Steps) Measure(
        LanguageModel target, LanguageModel draft, IReadOnlyList<string> prompts, GenerationOptions? options = null,
        IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new GenerationOptions();
        int width = Math.Min(Width, target.Llama.Config.VocabularySize);
        using var generator = new TextGenerator(target, draft, TreePolicy.Chains(width, 1));
        int[] accepted = new int[width + 1];
        for (int i = 0; i < prompts.Count; i++)
        {
            // Another seed for each prompt: the same one would make the coins of all prompts the same.
            generator.Walk(prompts[i], options with { Seed = (options.Seed ?? 0) + (ulong)i }, verdict => accepted[verdict.Length > 1 ? verdict.Path[1] : 0]++, cancellationToken);
            progress?.Report(i + 1);
        }
        int steps = accepted.Sum();
        if (steps == 0)
            throw new InvalidInputException("prompts: there is none; give at least one");
        return (new AcceptanceVector([.. accepted.Skip(1).Select(count => (double)count / steps)]), steps);
    }
}
