using System.Diagnostics;
using System.Text;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>One finished generation.</summary>
internal sealed record Generated(string Text, IReadOnlyList<int> Tokens, GenerationStats Stats)
{
    /// <summary>Generates to the end; <paramref name="show"/> gets the text as it is accepted.</summary>
    public static async Task<Generated> RunAsync(
        TextGenerator generator, string prompt, GenerationOptions options, Action<string> show, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var tokens = new List<int>();
        GenerationStats? stats = null;
        await foreach (GenerationChunk chunk in generator.GenerateAsync(prompt, options, cancellation))
        {
            text.Append(chunk.Text);
            tokens.AddRange(chunk.Tokens);
            stats = chunk.Stats ?? stats;
            show(chunk.Text);
        }
        return new Generated(text.ToString(), tokens, stats ?? throw new InvalidOperationException("The generation ended without stats."));
    }

    /// <summary>
    /// Generates the same number of tokens again, with the same seed. The time is comparable after the code has been warmed up by
    /// <see cref="WarmUpAsync"/>.
    /// </summary>
    public Task<Generated> AgainAsync(TextGenerator generator, string prompt, GenerationOptions options, CancellationToken cancellation) =>
        RunAsync(generator, prompt, options with { MaxTokens = Math.Max(1, Tokens.Count), IgnoreEos = true, Seed = Stats.Seed }, _ => { }, cancellation);

    /// <summary>
    /// Generates a few tokens to warm up the caches and the JIT compiler, which takes a third of a second to optimise hot code and would
    /// otherwise penalise the first run.
    /// </summary>
    public static async Task WarmUpAsync(TextGenerator generator, string prompt, GenerationOptions options, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        do
            await RunAsync(generator, prompt, options with { MaxTokens = Math.Min(options.MaxTokens, 8), IgnoreEos = true }, _ => { }, cancellation);
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(0.3) && !cancellation.IsCancellationRequested);
    }
}
