using System.Globalization;

namespace Sequoia.Native.Benchmarks;

/// <summary>Decoding with trees against one token at a time: every prompt runs both ways, one after the other; medians of the ratios.</summary>
internal static class PairBenchmark
{
    private static readonly string[] Prompts =
    [
        "Once upon a time there was a little girl named Lily.", "Deep in the forest, an old fox met a young rabbit.",
        "One day, a boy found a red ball in the park.", "There was once a king who had three sons.", "A small bird wanted to fly over the big mountain.",
    ];

    public static async Task RunAsync(string targetFolder, string draftFolder, string[] trees, float[] temperatures, int repeats, int threads)
    {
        using LanguageModel target = LanguageModel.Load(targetFolder, new LoadOptions { Threads = threads });
        using LanguageModel draft = LanguageModel.Load(draftFolder, new LoadOptions { Threads = threads });
        using var plain = new TextGenerator(target);
        Console.WriteLine($"{target.Device}; target {target.ParameterCount / 1e6:F1} M, draft {draft.ParameterCount / 1e6:F2} M parameters; {repeats} paired runs of 200 tokens");
        PrintCosts(target, draft);
        foreach (float temperature in temperatures)
        {
            foreach (string tree in trees)
            {
                using var generator = new TextGenerator(target, draft, TreePolicy.Parse(tree));
                List<double> ratios = [], tokensPerStep = [], draftShare = [], samplingShare = [], plainRate = [];
                for (int run = -1; run < repeats; run++)
                {
                    GenerationStats slow = await GenerateAsync(plain, run, temperature).ConfigureAwait(false);
                    GenerationStats fast = await GenerateAsync(generator, run, temperature).ConfigureAwait(false);
                    if (run < 0)
                        continue;
                    ratios.Add(fast.TokensPerSecond / slow.TokensPerSecond);
                    tokensPerStep.Add(fast.TokensPerStep);
                    draftShare.Add(fast.DraftTime / fast.DecodeTime);
                    samplingShare.Add(fast.SamplingTime / fast.DecodeTime);
                    plainRate.Add(slow.TokensPerSecond);
                }
                ratios.Sort();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"T {temperature:F1}  {tree,-14} {ratios[ratios.Count / 2],5:F2}x ({ratios[0]:F2}..{ratios[^1]:F2})  {tokensPerStep.Average():F2} tokens a step, draft {draftShare.Average():P0} and sampling {samplingShare.Average():P0} of the time; one at a time {plainRate.Order().ElementAt(plainRate.Count / 2):F0} tokens/s"));
            }
        }
    }

    /// <summary>t(n) and c, in the units of sequoia.md: one target pass over one token is 1.</summary>
    private static void PrintCosts(LanguageModel target, LanguageModel draft)
    {
        const int Prefix = 128, Repeats = 101;
        double one = PassTime.Measure(target.Llama, 1, Prefix, Repeats);
        string costs = string.Join(", ", new[] { 2, 3, 4, 6, 8, 16 }.Select(n =>
            string.Create(CultureInfo.InvariantCulture, $"t({n}) = {PassTime.Measure(target.Llama, n, Prefix, Repeats) / one:F2}")));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"one target pass {1e3 * one:F3} ms behind {Prefix} tokens; {costs}; c = {PassTime.Measure(draft.Llama, 1, Prefix, Repeats) / one:F3}"));
    }

    private static async Task<GenerationStats> GenerateAsync(TextGenerator generator, int run, float temperature)
    {
        var options = new GenerationOptions { Temperature = temperature, MaxTokens = 200, Seed = (ulong)(run + 7), IgnoreEos = true };
        GenerationStats? stats = null;
        await foreach (GenerationChunk chunk in generator.GenerateAsync(Prompts[(run + 1) % Prompts.Length], options).ConfigureAwait(false))
            stats = chunk.Stats ?? stats;
        return stats!;
    }
}
