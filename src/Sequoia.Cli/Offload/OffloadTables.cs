using System.Globalization;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;
using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Cli.Offload;

/// <summary>The results for people: a table and a chart.</summary>
internal static class OffloadTables
{
    /// <summary>The rows, with the ratio to our own stream one token at a time: of equal bytes, and of equal budget.</summary>
    public static string Of(OffloadReport report)
    {
        List<string[]> rows = [["way", "equal", "T", "tree", "tokens/step", "F", "s/step (spread)", "predicted", "s/token", "vs stream", "link", "resident"]];
        rows.AddRange(report.Rows.Select(row => (string[])[
            row.Like is null ? row.Name : $"{row.Name} ({row.Like}-like)",
            row.Equal,
            row.Nodes == 1 ? "any" : row.Temperature.ToString(CultureInfo.InvariantCulture),
            row.Nodes > 1 ? $"{row.Nodes} x {row.Levels}" : row.Tree == "none" ? "none" : $"none ({row.Tree})",
            Number(row.TokensPerStep, "F2"),
            row.Nodes == 1 ? "" : Number(row.ExpectedTokens, "F2"),
            $"{Number(row.StepSeconds, "F2")} ({Number(row.FastestStepSeconds, "F2")} to {Number(row.SlowestStepSeconds, "F2")})",
            Number(row.PredictedStepSeconds, "F2"),
            Number(row.TokenSeconds, "F3"),
            Number(Ratio(report, row), "F2"),
            row.LinkShare is { } share ? share.ToString("P1", CultureInfo.InvariantCulture) : "",
            row.ResidentBytes is { } bytes ? MemoryBudget.Text(bytes) : "",
        ]));
        string limit = report.LinkLimit is { } rate
            ? string.Create(CultureInfo.InvariantCulture, $"Reading was limited to {rate / 1e9:0.###} GB/s inside of the reader, as a slower disk or link would. ") : "";
        return $"{TextTable.Of(rows)}\n{limit}Rows named \"-like\" are our re-implementation of that system's strategy in this engine. Equal bytes: nothing is resident. "
            + $"Equal budget: the process may hold {MemoryBudget.Text(report.Memory)}; a tree's memory is taken from resident weights. Link: the share of a plain read's rate just before.\n";
    }

    /// <summary>Seconds per token of our own stream one token at a time with the same equality, divided by those of a row.</summary>
    public static double? Ratio(OffloadReport report, OffloadRow row) =>
        report.Rows.FirstOrDefault(other => other.Name == "stream" && other.Tree == "none" && other.Equal == row.Equal) is { } plain ? plain.TokenSeconds / row.TokenSeconds : null;

    /// <summary>Writes the seconds per token of all rows as bars.</summary>
    public static void WriteChart(OffloadReport report, string file)
    {
        PlotModel model = Chart.Model($"{report.Target}: seconds per token");
        var names = new CategoryAxis { Position = AxisPosition.Left };
        var bars = new BarSeries { FillColor = OxyColors.ForestGreen, LabelPlacement = LabelPlacement.Inside, LabelFormatString = "{0:0.00}" };
        foreach (OffloadRow row in report.Rows.Reverse<OffloadRow>())
        {
            names.Labels.Add(row.Label);
            bars.Items.Add(new BarItem(row.TokenSeconds));
        }
        model.Axes.Add(names);
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = "seconds per token", Minimum = 0 });
        model.Series.Add(bars);
        Chart.Save(file, model);
    }

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
