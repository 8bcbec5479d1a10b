using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Alternating runs of the same text with the tree and one token at a time: one pair of runs says little on a busy machine.</summary>
/// <param name="All">The pairs, by the tree's speedup, ascending.</param>
internal sealed record PairedRuns(IReadOnlyList<RunPair> All)
{
    /// <summary>An odd number, so that one of the pairs is the median.</summary>
    public const int Pairs = 5;

    /// <summary>The median pair: its times and the displayed ratio agree.</summary>
    public RunPair Median => All[Pairs / 2];

    /// <param name="first">The first run with the tree, which the others repeat.</param>
    /// <param name="generator">Speculates.</param>
    /// <param name="plain">Decodes one token at a time.</param>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How to sample.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <returns>Null if it was cancelled.</returns>
    public static async Task<PairedRuns?> RunAsync(
        Generated first, TextGenerator generator, TextGenerator plain, string prompt, GenerationOptions options, CancellationToken cancellation)
    {
        var pairs = new List<RunPair>();
        Generated tree = first;
        while (true)
        {
            if (tree.Stats.FinishReason == FinishReason.Cancelled)
                return null;
            Generated single = await tree.AgainAsync(plain, prompt, options, cancellation);
            if (single.Stats.FinishReason == FinishReason.Cancelled)
                return null;
            pairs.Add(new RunPair(tree.Stats, single.Stats));
            if (pairs.Count == Pairs)
                return new PairedRuns([.. pairs.OrderBy(pair => pair.Ratio)]);
            tree = await tree.AgainAsync(generator, prompt, options, cancellation);
        }
    }
}

/// <summary>The same text twice, with the tree and one token at a time.</summary>
internal sealed record RunPair(GenerationStats Tree, GenerationStats Single)
{
    /// <summary>The tree's speedup.</summary>
    public double Ratio => Tree.TokensPerSecond / Single.TokensPerSecond;
}
