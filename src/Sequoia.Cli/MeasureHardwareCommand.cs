using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sequoia.Native;
using Spectre.Console;

namespace Sequoia.Cli;

/// <summary>sequoia measure hardware: t(n) and c of a pair on this machine, kept for `--tree auto`.</summary>
internal sealed class MeasureHardwareCommand
{
    private readonly PairOptions _pair = new();
    private readonly Option<string?> _sizes = CheckedOption.Text("--sizes", "Rows of the passes, ascending, as in 1,2,4,8. Default: 14 sizes from 1 to 128.", "N,N,...");
    private readonly Option<string?> _contexts = CheckedOption.Text("--contexts", "Committed tokens before the pass, ascending. Default: 64, 256 and 1024, as far as the model reaches.", "N,N,...");
    private readonly Option<float?> _seconds = CheckedOption.Number("--seconds", "How long to go on repeating at each context. Default: 5.", 0.1f, 3600f);
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object, as it is kept." };

    public static Command Create(Streams streams)
    {
        var self = new MeasureHardwareCommand();
        var command = new Command("hardware", "Measure what passes over trees cost with a pair on this machine, for --tree auto.")
        {
            self._pair.Target, self._pair.Draft, self._sizes, self._contexts, self._seconds, self._pair.Threads, self._json,
        };
        command.SetAction((parsed, cancellation) => Task.Run(() => self.Run(parsed, streams, cancellation), CancellationToken.None));
        return command;
    }

    private int Run(ParseResult parsed, Streams streams, CancellationToken cancellation)
    {
        (string targetFolder, string? draftFolder) = _pair.Folders(parsed);
        if (draftFolder is null)
            throw new InvalidInputException("--draft: is missing; name the small model's folder");
        var options = new HardwareMeterOptions { Budget = TimeSpan.FromSeconds(parsed.GetValue(_seconds) ?? 5) };
        if (parsed.GetValue(_sizes) is { } sizes)
            options = options with { Sizes = Numbers("--sizes", sizes) };
        if (parsed.GetValue(_contexts) is { } contexts)
            options = options with { Contexts = Numbers("--contexts", contexts) };
        using LanguageModel target = LanguageModel.Load(targetFolder, _pair.Loading(parsed));
        using LanguageModel draft = LanguageModel.Load(draftFolder, _pair.Loading(parsed));
        // Refuses a draft with another vocabulary.
        new TextGenerator(target, draft, TreePolicy.Chain(1)).Dispose();

        HardwareCosts costs = Measure(target, draft, options, streams, cancellation);
        HardwareCache.Keep(costs, note => streams.Notes.WriteLine($"sequoia: {note}"));
        streams.Out.WriteLine(parsed.GetValue(_json) ? Json(costs) : Describe(costs));
        if (AcceptanceVector.OfDraft(draftFolder) is { } acceptance)
            streams.Notes.WriteLine($"sequoia: {Chosen(AutoTree.Choose(acceptance, costs, AutoTree.UsualContext(target, draft)))}");
        streams.Notes.WriteLine($"sequoia: kept in {HardwareCache.FileOf(costs.Key)}");
        return ExitStatus.Done;
    }

    private static HardwareCosts Measure(LanguageModel target, LanguageModel draft, HardwareMeterOptions options, Streams streams, CancellationToken cancellation)
    {
        if (Console.IsErrorRedirected)
            return HardwareMeter.Measure(target, draft, options, null, cancellation);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(streams.Notes) });
        return console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new RemainingTimeColumn()).Start(progress =>
        {
            ProgressTask bar = progress.AddTask("measuring", maxValue: 1);
            return HardwareMeter.Measure(target, draft, options, new Share(bar), cancellation);
        });
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

    private static int[] Numbers(string option, string text)
    {
        try
        {
            return [.. text.Split(',').Select(part => int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture))];
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new InvalidInputException($"{option} {text}: must be whole numbers joined by commas, as in 1,2,4,8");
        }
    }

    private sealed class Share(ProgressTask bar) : IProgress<double>
    {
        public void Report(double value) => bar.Value = value;
    }
}
