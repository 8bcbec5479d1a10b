using System.Globalization;
using Sequoia.Native;
using Spectre.Console;

namespace Sequoia.Cli;

/// <summary>The default action, without arguments: a story from the bundled pair, and the tree's speedup.</summary>
internal static class Story
{
    private const string Prompt = "Once upon a time";
    private static readonly int[] ShownSizes = [2, 4, 8, 16];

    public static async Task<int> RunAsync(Streams streams, CancellationToken cancellation)
    {
        string models = BundledModels.Find();
        IAnsiConsole console = Console(streams);
        using ModelPair pair = await ModelPair.LoadAsync(
            Path.Combine(models, "target"), Path.Combine(models, "draft"), null, new LoadOptions(), streams, cancellation);
        (TextGenerator generator, TextGenerator plain) = (pair.Speculative, pair.Plain);
        var options = new GenerationOptions();
        await Generated.WarmUpAsync(generator, Prompt, options, cancellation);
        await Generated.WarmUpAsync(plain, Prompt, options, cancellation);

        await streams.Out.WriteAsync(Prompt);
        Generated tree = await Generated.RunAsync(generator, Prompt, options, streams.Out.Write, cancellation);
        await streams.Out.WriteLineAsync();
        PairedRuns? sampled = await PairedRuns.RunAsync(tree, generator, plain, Prompt, options, cancellation);
        if (sampled is null)
            return ExitStatus.Cancelled;
        GenerationOptions likeliest = options with { Temperature = 0 };
        Generated first = await Generated.RunAsync(generator, Prompt, likeliest, _ => { }, cancellation);
        PairedRuns? greedy = await PairedRuns.RunAsync(first, generator, plain, Prompt, likeliest, cancellation);
        if (greedy is null)
            return ExitStatus.Cancelled;

        (GenerationStats stats, GenerationStats single) = (sampled.Median.Tree, sampled.Median.Single);
        console.WriteLine();
        console.MarkupLineInterpolated(CultureInfo.InvariantCulture,
            $"With the tree it is [bold green]{sampled.Median.Ratio:F2}[/] times as fast at temperature {options.Temperature} ({Spread(sampled)}) and [bold green]{greedy.Median.Ratio:F2}[/] times at 0 ({Spread(greedy)}): medians of {PairedRuns.Pairs} pairs of runs ({stats.Device}, seed {stats.Seed}).");
        console.WriteLine();
        console.WriteLine($"The median pair at temperature {options.Temperature.ToString(CultureInfo.InvariantCulture)}:");
        console.Write(Table(stats, single));
        if (generator.Plan is { } plan)
            console.WriteLine(Costs(plan));
        if (stats.HasPhaseTimes)
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture,
                $"Growing trees took {stats.DraftTime / stats.DecodeTime:P0} of its time; drawing and verifying tokens, in all phases, {stats.SamplingTime / stats.DecodeTime:P0}.");
        console.WriteLine();
        console.WriteLine($"Its {stats.Tree.Size} nodes; each number is the child's rank among the draft's guesses:");
        console.WriteLine(stats.Tree.Draw());
        return ExitStatus.Done;
    }

    // A pipe gets no colour, and no line breaks at a terminal's width.
    private static IAnsiConsole Console(Streams streams)
    {
        bool plain = System.Console.IsOutputRedirected;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(streams.Out),
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (plain)
            console.Profile.Width = 200;
        return console;
    }

    private static string Spread(PairedRuns runs) => string.Create(CultureInfo.InvariantCulture, $"{runs.All[0].Ratio:F2} to {runs.All[^1].Ratio:F2}");

    // In the paper's units: one target pass over one token is 1.
    private static string Costs(TreePlan plan)
    {
        (HardwareCosts costs, int context) = (plan.Costs, plan.Context);
        double one = costs.TargetSeconds(1, context);
        string passes = string.Join(", ", ShownSizes.Where(n => n <= costs.MostRows).Select(n =>
            string.Create(CultureInfo.InvariantCulture, $"t({n}) = {costs.TargetSeconds(n, context) / one:F2}")));
        return string.Create(CultureInfo.InvariantCulture,
            $"It was chosen for {passes}, c = {costs.DraftSeconds(1, context) / one:F3}, which promised {plan.Speedup:F2} times.");
    }

    private static Table Table(GenerationStats tree, GenerationStats single)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("");
        foreach (string column in (string[])["tokens", "seconds", "tokens/s", "tokens a step"])
            table.AddColumn(new TableColumn(column).RightAligned());
        Add("with the tree", tree);
        Add("one at a time", single);
        return table;

        void Add(string name, GenerationStats stats) => table.AddRow(
            name,
            stats.TokenCount.ToString(CultureInfo.InvariantCulture),
            stats.DecodeTime.TotalSeconds.ToString("F2", CultureInfo.InvariantCulture),
            stats.TokensPerSecond.ToString("F1", CultureInfo.InvariantCulture),
            stats.TokensPerStep.ToString("F2", CultureInfo.InvariantCulture));
    }
}
