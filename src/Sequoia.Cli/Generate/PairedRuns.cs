using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>The same text with the tree and as many tokens one at a time, in turns: one pair of runs says little on a busy machine.</summary>
/// <param name="Tree">The last run with the tree.</param>
/// <param name="Single">The last one of one token at a time.</param>
/// <param name="Ratios">How many times as fast the tree was, pair by pair, ascending.</param>
internal sealed record PairedRuns(Generated Tree, Generated Single, IReadOnlyList<double> Ratios)
{
    public const int Pairs = 5;

    public double Median => Ratios[Pairs / 2];

    /// <param name="first">The first run with the tree, which the others repeat.</param>
    /// <param name="generator">Speculates.</param>
    /// <param name="plain">Does not.</param>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How to sample.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>Null if it was cancelled.</returns>
    public static async Task<PairedRuns?> RunAsync(
        Generated first, TextGenerator generator, TextGenerator plain, string prompt, GenerationOptions options, CancellationToken cancellation)
    {
        var ratios = new List<double>();
        Generated tree = first;
        while (true)
        {
            if (tree.Stats.FinishReason == FinishReason.Cancelled)
                return null;
            Generated single = await tree.AgainAsync(plain, prompt, options, cancellation);
            if (single.Stats.FinishReason == FinishReason.Cancelled)
                return null;
            ratios.Add(tree.Stats.TokensPerSecond / single.Stats.TokensPerSecond);
            if (ratios.Count == Pairs)
                return new PairedRuns(tree, single, [.. ratios.Order()]);
            tree = await tree.AgainAsync(generator, prompt, options, cancellation);
        }
    }
}
