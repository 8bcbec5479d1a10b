using System.Globalization;
using System.Text;

namespace Sequoia.Cli.Compare;

/// <summary>The results as tables that are also Markdown, one per temperature.</summary>
internal static class CompareTables
{
    private static readonly string[] Head =
        ["size", "method", "levels", "F(T)", "predicted", "tokens per step", "ms per token", "predicted speedup", "speedup", "Sequoia's lead, tokens per step"];

    // Columns of times; empty on a device without times.
    private static readonly Range Times = 6..9;

    public static string Of(CompareReport report)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Acceptance from {report.CalibrationPrompts} prompts, all else from {report.TestPrompts} others; ± is a 95 % interval over prompts.\n");
        foreach (IGrouping<float, SummaryRow> temperature in report.Summary.GroupBy(row => row.Temperature))
        {
            text.Append(CultureInfo.InvariantCulture, $"\nT = {temperature.Key}\n\n");
            string[][] rows = [Head, .. temperature.Select(Cells)];
            text.Append(TextTable.Of(temperature.All(row => row.Speedup is null) ? [.. rows.Select(WithoutTimes)] : rows));
        }
        return text.ToString().TrimEnd('\n');
    }

    private static string[] WithoutTimes(string[] cells) => [.. cells[..Times.Start], .. cells[Times.End..]];

    private static string[] Cells(SummaryRow row) =>
    [
        row.Method == ComparedMethod.Autoregressive ? "1" : row.Size.ToString(CultureInfo.InvariantCulture),
        ComparedMethod.All.FirstOrDefault(method => method.Name == row.Method)?.Title ?? row.Method,
        row.Levels.ToString(CultureInfo.InvariantCulture),
        row.Formula.ToString("F2", CultureInfo.InvariantCulture),
        Text(row.Predicted, 1),
        Text(row.TokensPerStep, 1),
        Text(row.SecondsPerToken, 1000),
        row.PredictedSpeedup?.ToString("F2", CultureInfo.InvariantCulture) ?? "",
        Text(row.Speedup, 1),
        row.Method == ComparedMethod.Autoregressive ? "" : Text(row.SequoiaLead, 1),
    ];

    private static string Text(Estimate? estimate, double scale) => estimate is null ? "" : estimate.PlusMinus is { } half
        ? string.Create(CultureInfo.InvariantCulture, $"{scale * estimate.Value:F2} ± {scale * half:F2}")
        : string.Create(CultureInfo.InvariantCulture, $"{scale * estimate.Value:F2}");
}
