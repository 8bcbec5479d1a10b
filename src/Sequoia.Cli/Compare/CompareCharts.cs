using System.Globalization;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Sequoia.Cli.Compare;

/// <summary>The results as SVG pictures.</summary>
internal static class CompareCharts
{
    private static readonly OxyColor[] Colours = [OxyColors.ForestGreen, OxyColors.DarkOrange, OxyColors.RoyalBlue, OxyColors.Crimson, OxyColors.Purple];

    public static void Write(CompareReport report, string folder)
    {
        foreach (IGrouping<float, SummaryRow> temperature in report.Summary.GroupBy(row => row.Temperature))
        {
            string name = temperature.Key.ToString(CultureInfo.InvariantCulture);
            Save(folder, $"scalability-T{name}.svg", Lines($"T = {name}", "tree size (nodes)", temperature, row => row.Size, logarithmic: true));
        }
        int largest = report.Options.Sizes[^1];
        Save(folder, "robustness.svg", Lines(
            $"trees of {largest} nodes", "temperature", report.Summary.Where(row => row.Size == largest), row => row.Temperature, logarithmic: false));
        Save(folder, "predicted.svg", Predicted(report.Summary, "tokens per step", row => row.Predicted.Value, row => row.TokensPerStep.Value));
        if (report.Summary.All(row => row is { PredictedSpeedup: not null, Speedup: not null }))
            Save(folder, "speedup.svg", Predicted(report.Summary, "times as fast as one token at a time", row => row.PredictedSpeedup!.Value, row => row.Speedup!.Value));
    }

    private static PlotModel Lines(string title, string abscissa, IEnumerable<SummaryRow> rows, Func<SummaryRow, double> x, bool logarithmic)
    {
        PlotModel model = Chart.Model(title);
        model.Axes.Add(logarithmic ? Chart.Doubling(abscissa) : Chart.Bottom(abscissa));
        model.Axes.Add(Chart.Left("tokens per step, measured", 1));
        foreach ((string name, OxyColor colour, IEnumerable<SummaryRow> own) in ByMethod(rows))
        {
            var line = new LineSeries { Title = name, Color = colour, MarkerType = MarkerType.Circle };
            line.Points.AddRange(own.Select(row => new DataPoint(x(row), row.TokensPerStep.Value)));
            model.Series.Add(line);
        }
        return model;
    }

    private static PlotModel Predicted(IReadOnlyList<SummaryRow> rows, string what, Func<SummaryRow, double> predicted, Func<SummaryRow, double> measured)
    {
        PlotModel model = Chart.Model("all temperatures and sizes");
        double[] values = [.. rows.SelectMany(row => new[] { predicted(row), measured(row) }).DefaultIfEmpty(1)];
        (double least, double most) = (Math.Min(1, values.Min()), values.Max());
        LinearAxis bottom = Chart.Bottom(what + ", predicted");
        bottom.Minimum = least;
        model.Axes.Add(bottom);
        model.Axes.Add(Chart.Left(what + ", measured", least));
        var right = new LineSeries { Title = "as predicted", Color = OxyColors.Gray, LineStyle = LineStyle.Dash };
        right.Points.AddRange([new DataPoint(least, least), new DataPoint(most, most)]);
        model.Series.Add(right);
        foreach ((string name, OxyColor colour, IEnumerable<SummaryRow> own) in ByMethod(rows))
        {
            var points = new ScatterSeries { Title = name, MarkerFill = colour, MarkerType = MarkerType.Circle, MarkerSize = 3 };
            points.Points.AddRange(own.Select(row => new ScatterPoint(predicted(row), measured(row))));
            model.Series.Add(points);
        }
        return model;
    }

    private static IEnumerable<(string Title, OxyColor Colour, IEnumerable<SummaryRow> Rows)> ByMethod(IEnumerable<SummaryRow> rows) =>
        ComparedMethod.All.Zip(Colours, (method, colour) => (method.Title, colour, Rows: rows.Where(row => row.Method == method.Name)))
            .Where(entry => entry.Rows.Any());

    private static void Save(string folder, string name, PlotModel model) => Chart.Save(Path.Combine(folder, name), model);
}
