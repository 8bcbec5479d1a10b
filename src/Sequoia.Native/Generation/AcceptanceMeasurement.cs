namespace Sequoia.Native;

/// <summary>What <see cref="AcceptanceMeter"/> found. Immutable.</summary>
public sealed record AcceptanceMeasurement
{
    /// <summary>The share of all steps that accepted child 1, 2, ...</summary>
    public required AcceptanceVector Acceptance { get; init; }

    /// <summary>
    /// The standard error of each of its values. Steps of one text are alike, so whole prompts count as the independent draws (the
    /// linearised variance of a ratio of sums); with one prompt there is only the binomial sqrt(p (1 - p) / steps), which is too small.
    /// </summary>
    public required IReadOnlyList<double> StandardErrors { get; init; }

    /// <summary>Steps counted: one for each token of the texts.</summary>
    public required int Steps { get; init; }

    /// <summary>
    /// The shares among the steps that came after exactly d accepted ones in a row, d = 0 first; the last entry takes all longer rows
    /// too. Fewer than <see cref="AcceptanceMeter.Depths"/> entries where no row was that long.
    /// </summary>
    public required IReadOnlyList<AcceptanceVector> ByDepth { get; init; }

    /// <summary>The number of steps behind each entry of <see cref="ByDepth"/>.</summary>
    public required IReadOnlyList<int> StepsByDepth { get; init; }
}
