using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>sequoia measure hardware: t(n) and c of a pair on this machine, stored for `--tree auto`.</summary>
internal sealed class MeasureHardwareCommand
{
    private readonly PairOptions _pair = new();
    private readonly Option<int[]> _sizes = CheckedOption.Numbers("--sizes", "Rows of the passes. Default: 14 sizes from 1 to 128.", "N,N,...", 1, TokenTree.MaxSize);
    private readonly Option<int[]> _contexts = CheckedOption.Numbers("--contexts", "Committed tokens before the pass. Default: 64, 256 and 1024, as far as the model reaches.", "N,N,...", 1, int.MaxValue);
    private readonly Option<float?> _seconds = CheckedOption.Number("--seconds", "How long to go on repeating at each context. Default: 5.", 0.1f, 3600f);
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object, as it is kept." };

    public static Command Create(Streams streams)
    {
        var self = new MeasureHardwareCommand();
        var command = new Command("hardware", "Measure what passes over trees cost with a pair on this machine, for --tree auto.")
        {
            self._pair.Target, self._pair.Draft, self._sizes, self._contexts, self._seconds, self._pair.Device, self._pair.Threads, self._json,
        };
        command.SetAction((parsed, cancellation) => self.RunAsync(parsed, streams, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, Streams streams, CancellationToken cancellation)
    {
        (string targetFolder, string draftFolder) = _pair.BothFolders(parsed);
        var options = new HardwareMeterOptions { Budget = TimeSpan.FromSeconds(parsed.GetValue(_seconds) ?? 5) };
        if (parsed.GetValue(_sizes) is { Length: > 0 } sizes)
            options = options with { Sizes = sizes };
        if (parsed.GetValue(_contexts) is { Length: > 0 } contexts)
            options = options with { Contexts = contexts };
        using LanguageModel target = await ModelPair.LoadModelAsync(targetFolder, _pair.Loading(parsed), streams, cancellation);
        using LanguageModel draft = await ModelPair.LoadModelAsync(draftFolder, _pair.Loading(parsed), streams, cancellation);
        // Rejects a draft with another vocabulary.
        new TextGenerator(target, draft, TreePolicy.Chain(1)).Dispose();

        HardwareCosts costs = await WorkProgress.RunAsync(streams, "Measuring", 1, done => Task.Run(
            () => HardwareMeter.Measure(target, draft, options, new Counter<double>(done), cancellation), CancellationToken.None));
        var cache = HardwareCache.Of(target);
        cache.Keep(costs);
        await streams.Out.WriteLineAsync(parsed.GetValue(_json) ? Json(costs) : Describe(costs));
        // The choice that generating makes with the costs just stored.
        using var generator = new TextGenerator(target, draft);
        if (generator.Plan is { } plan)
            await streams.Notes.WriteLineAsync($"sequoia: {Chosen(plan)}");
        await streams.Notes.WriteLineAsync($"sequoia: kept in {cache.FileOf(costs.Key)}");
        return ExitStatus.Done;
    }

    private static string Describe(HardwareCosts costs)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{costs.Key.Device}, {costs.Key.Processor}");
        foreach (ContextCosts at in costs.Contexts)
        {
            double one = at.Target.At(1);
            text.AppendLine().AppendLine();
            text.AppendLine(CultureInfo.InvariantCulture, $"behind {at.Context} tokens: one target pass {1e3 * one:F3} ms, c = {at.Draft.At(1) / one:F3} (a step's first {at.Root.Median / one:F3})");
            text.Append("  rows   target ms (fastest to slowest)     t(n)   draft level ms");
            foreach ((CostPoint target, CostPoint draft) in at.Target.Points.Zip(at.Draft.Points))
            {
                text.AppendLine();
                text.Append(CultureInfo.InvariantCulture, $"{target.Rows,6}{1e3 * target.Median,12:F3} ({1e3 * target.Fastest,8:F3} to {1e3 * target.Slowest,9:F3}){at.Target.At(target.Rows) / one,9:F2}{1e3 * draft.Median,17:F3}");
            }
        }
        text.AppendLine().AppendLine();
        return text.Append(CultureInfo.InvariantCulture, $"verifying or sampling one token: {1e6 * costs.VerifySeconds:F1} microseconds").ToString();
    }

    private static string Chosen(TreePlan plan) => plan.Tree.Size == 1
        ? string.Create(CultureInfo.InvariantCulture, $"auto decodes one token at a time: the best tree would be only {plan.BestSpeedup:F2} times as fast")
        : string.Create(CultureInfo.InvariantCulture, $"auto takes a tree of {plan.Tree.Size} nodes, {plan.Tree.Levels} levels: {plan.ExpectedTokens:F2} tokens a step, predicted {plan.Speedup:F2} times as fast");

    private static string Json(HardwareCosts costs)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            HardwareCache.Write(json, costs);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
