using System.Globalization;
using System.Text;
using Sequoia.Native;

namespace Sequoia.Cli.Bench;

/// <summary>The results as tables for people.</summary>
internal static class BenchTables
{
    public static string Of(BenchReport report)
    {
        var text = new StringBuilder();
        text.AppendLine($"{report.Device}: {report.About}");
        if (report.Ceilings is { } ceilings)
        {
            text.Append(CultureInfo.InvariantCulture, $"at most: reads {ceilings.ReadRate / 1e9:F1} GB/s");
            text.AppendLine(ceilings.FlopRate is { } rate ? string.Create(CultureInfo.InvariantCulture, $", {rate / 1e9:F0} GFLOP/s") : "");
        }
        if (report.Assumed is { } gpu)
            text.AppendLine($"predicted from the counts for {gpu.Title}, not measured; docs/bench.md has the assumptions");
        Append(text, report.Target, report);
        if (report.Draft is { } draft)
            Append(text, draft, report);
        foreach (TreePlan plan in report.Plans)
            Append(text, plan, report);
        foreach (StepReport step in report.Steps)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"whole steps behind {step.Context} tokens, {step.Tree.Size} {(step.Tree.Size == 1 ? "node" : "nodes")}: {Spread(step.Times, 1e3)} ms; {step.TokensPerStep:F2} tokens a step with these weights");
        }
        if (report.Soak is { } soak)
        {
            text.AppendLine(soak.Problem is { } problem
                ? $"soak: {problem}"
                : $"soak: {soak.Passes} passes of {soak.Rows} rows, all logits {soak.Hash}; each row by itself has the same bits");
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, ModelReport model, BenchReport report)
    {
        foreach (IGrouping<int, PassReport> group in model.Passes.GroupBy(pass => pass.Context))
        {
            PassReport[] passes = [.. group];
            text.AppendLine().AppendLine($"{model.Name} behind {group.Key} tokens, one pass{(model.LoadedLayers < model.Layers ? $" ({model.LoadedLayers} of {model.Layers} layers ran, the rest does the same)" : "")}:");
            text.Append(TextTable.Of(passes[0].Times is null ? Counted(passes, report.Assumed) : Timed(passes, report.Ceilings!)));
            text.AppendLine().AppendLine(passes[0].Pieces[0].Seconds is null ? "its pieces, warp instructions:"
                : report.Ceilings is null ? "its pieces, predicted microseconds and what takes most of them:"
                : "its pieces by themselves, microseconds and the floor's share at the read rate:");
            text.Append(TextTable.Of(Pieces(passes, report)));
        }
        text.AppendLine();
    }

    private static IReadOnlyList<string[]> Timed(PassReport[] passes, BenchCeilings ceilings) =>
    [
        ["rows", "ms", "least", "most", "t(n)", "floor ms", "of reading", "of multiplying", "sum of pieces", "difference"],
        .. passes.Select(pass =>
        {
            TimeSpread times = pass.Times!.Value;
            double floor = pass.Cost.Bytes / ceilings.ReadRate;
            return (string[])
            [
                $"{pass.Rows}", Number(1e3 * times.Median), Number(1e3 * times.Low), Number(1e3 * times.High), Number(times.Median / passes[0].Times!.Value.Median, 2),
                Number(1e3 * floor), Percent(floor / times.Median), ceilings.FlopRate is { } rate ? Percent(pass.Cost.Flops / rate / times.Median) : "",
                Number(1e3 * pass.SumOfParts!.Value), Percent((pass.SumOfParts.Value / times.Median) - 1),
            ];
        }),
    ];

    private static IReadOnlyList<string[]> Counted(PassReport[] passes, GpuModel? gpu) =>
    [
        ["rows", "launches", "warp instructions", "memory MB", "L2 MB", "shared wavefronts", "floor MB", .. gpu is null ? Array.Empty<string>() : ["predicted ms", "t(n)", "floor ms", "floor's share"]],
        .. passes.Select(pass =>
        {
            LaunchCounts counts = pass.Operations.Aggregate(default(LaunchCounts), (sum, piece) => sum + piece.Counts!.Value);
            double floor = gpu is null ? 0 : pass.Cost.Bytes / gpu.ReadBandwidth;
            return (string[])
            [
                $"{pass.Rows}", Number(counts.Launches, 0), Number(counts.WarpInstructions, 0), Number(counts.MemoryBytes / 1e6, 1), Number(counts.L2Bytes / 1e6, 1),
                Number(counts.SharedWavefronts, 0), Number(pass.Cost.Bytes / 1e6, 1),
                .. gpu is null ? Array.Empty<string>() : [Number(1e3 * pass.Seconds!.Value), Number(pass.Seconds.Value / passes[0].Seconds!.Value, 2), Number(1e3 * floor), Percent(floor / pass.Seconds.Value)],
            ];
        }),
    ];

    private static IReadOnlyList<string[]> Pieces(PassReport[] passes, BenchReport report) =>
    [
        ["rows", .. passes.Select(pass => $"{pass.Rows}")],
        .. passes[0].Pieces.Select((piece, i) => (string[])[piece.Name, .. passes.Select(pass => Cell(pass.Pieces[i], report))]),
    ];

    private static string Cell(PieceReport piece, BenchReport report) =>
        piece.Times is { } times ? $"{Number(1e6 * times.Median, 1)} ({Percent(piece.Cost.Bytes / report.Ceilings!.ReadRate / times.Median, 0)})"
        : piece.Predicted is { } predicted ? $"{Number(1e6 * predicted.Seconds, 1)} {predicted.Limit}"
        : Number(piece.Counts!.Value.WarpInstructions, 0);

    private static void Append(StringBuilder text, TreePlan plan, BenchReport report)
    {
        double plain = plan.Costs.PlainSeconds(plan.Context);
        text.Append(CultureInfo.InvariantCulture, $"predicted behind {plan.Context} tokens{(report.Ceilings is null ? $" on {report.Assumed!.Title}" : "")}: ");
        text.AppendLine(plan.Tree.Size == 1
            ? string.Create(CultureInfo.InvariantCulture, $"one token at a time is best, {1e3 * plain:F3} ms a token; the best tree would be {plan.BestSpeedup:F2} times as fast")
            : string.Create(CultureInfo.InvariantCulture, $"a tree of {plan.Tree.Size} nodes, {plan.Tree.Levels} levels, {plan.ExpectedTokens:F2} tokens a step, {plan.Speedup:F2} times as fast: {1e3 * plain / plan.Speedup:F3} ms a token instead of {1e3 * plain:F3}"));
    }

    private static string Spread(TimeSpread times, double unit) => $"{Number(unit * times.Median)} ({Number(unit * times.Low)} to {Number(unit * times.High)})";

    private static string Number(double number, int digits = 3) => number.ToString("F" + digits, CultureInfo.InvariantCulture);

    private static string Percent(double share, int digits = 1) => $"{Number(100 * share, digits)} %";
}
