using System.Globalization;

namespace Sequoia.Native.Benchmarks;

/// <summary>Decoding with trees against one token at a time: every prompt runs both ways, one after the other; medians of the ratios.</summary>
internal static class PairBenchmark
{
    // The middle of the texts that are generated.
    private const int Context = 128;

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
        AcceptanceVector? acceptance = AcceptanceVector.OfDraft(draft.Folder);
        HardwareCosts costs = MeasureCosts(target, draft);
        foreach (float temperature in temperatures)
        {
            foreach (string tree in trees)
            {
                using TextGenerator generator = await TextGenerator.CreateAsync(target, draft, TreePolicy.Parse(tree)).ConfigureAwait(false);
                List<double> ratios = [], tokensPerStep = [], checking = [], drafting = [], samplingShare = [], plainRate = [];
                for (int run = -1; run < repeats; run++)
                {
                    GenerationStats slow = await GenerateAsync(plain, run, temperature).ConfigureAwait(false);
                    GenerationStats fast = await GenerateAsync(generator, run, temperature).ConfigureAwait(false);
                    if (run < 0)
                        continue;
                    ratios.Add(fast.TokensPerSecond / slow.TokensPerSecond);
                    tokensPerStep.Add(fast.TokensPerStep);
                    double plainStep = slow.DecodeTime.TotalSeconds / slow.Steps;
                    checking.Add(fast.VerifyTime.TotalSeconds / fast.Steps / plainStep);
                    drafting.Add(fast.DraftTime.TotalSeconds / fast.Steps / plainStep);
                    samplingShare.Add(fast.SamplingTime / fast.DecodeTime);
                    plainRate.Add(slow.TokensPerSecond);
                }
                double? predicted = acceptance is null ? null : Predict(generator.Tree, acceptance, costs);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"T {temperature:F1}  {tree,-14} {Median(ratios),5:F2}x ({ratios.Min():F2}..{ratios.Max():F2})  {tokensPerStep.Average():F2} tokens a step, each {Median(checking):F2} to check and {Median(drafting):F2} to draft in steps of one token; sampling {samplingShare.Average():P0} of the time; one at a time {Median(plainRate):F0} tokens/s; predicted {predicted:F2}x"));
            }
        }
    }

    /// <summary>Prints t(n) and c in the units of sequoia.md: one target pass over one token is 1.</summary>
    private static HardwareCosts MeasureCosts(LanguageModel target, LanguageModel draft)
    {
        var options = new HardwareMeterOptions { Sizes = [1, 2, 3, 4, 6, 8, 16], Contexts = [Context] };
        HardwareCosts costs = HardwareMeter.Measure(target, draft, options);
        double one = costs.TargetSeconds(1, Context);
        string passes = string.Join(", ", options.Sizes.Skip(1).Select(n => string.Create(CultureInfo.InvariantCulture, $"t({n}) = {costs.TargetSeconds(n, Context) / one:F2}")));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"one target pass {1e3 * one:F3} ms behind {Context} tokens; {passes}; c = {costs.DraftSeconds(1, Context) / one:F3}"));
        return costs;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static double Predict(TokenTree tree, AcceptanceVector acceptance, HardwareCosts costs)
    {
        double tokens = OptimalTree.ExpectedTokens(tree, acceptance);
        return tokens * costs.PlainSeconds(Context) / costs.StepSeconds(tree, tokens, Context);
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
