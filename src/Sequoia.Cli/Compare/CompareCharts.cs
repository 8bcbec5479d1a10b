using System.Globalization;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Sequoia.Cli.Compare;

/// <summary>The results as SVG pictures.</summary>
internal static class CompareCharts
{
    private const double TitleDistance = 14;

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
        PlotModel model = Model(title);
        model.Axes.Add(logarithmic
            ? new LogarithmicAxis { Position = AxisPosition.Bottom, Title = abscissa, AxisTitleDistance = TitleDistance, Base = 2, MinorTickSize = 0 }
            : new LinearAxis { Position = AxisPosition.Bottom, Title = abscissa, AxisTitleDistance = TitleDistance });
        model.Axes.Add(Left("tokens per step, measured", 1));
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
        PlotModel model = Model("all temperatures and sizes");
        double[] values = [.. rows.SelectMany(row => new[] { predicted(row), measured(row) }).DefaultIfEmpty(1)];
        (double least, double most) = (Math.Min(1, values.Min()), values.Max());
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = what + ", predicted", AxisTitleDistance = TitleDistance, Minimum = least });
        model.Axes.Add(Left(what + ", measured", least));
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

    private static PlotModel Model(string title)
    {
        // The library measures text as Arial; the viewer's font may be wider, and the padding leaves room for it.
        var model = new PlotModel { Title = title, Background = OxyColors.White, DefaultFont = "Arial", Padding = new OxyThickness(16) };
        model.Legends.Add(new Legend { LegendPlacement = LegendPlacement.Outside, LegendPosition = LegendPosition.RightTop, LegendPadding = 24, LegendLineSpacing = 4 });
        return model;
    }

    private static LinearAxis Left(string title, double least) => new() { Position = AxisPosition.Left, Title = title, AxisTitleDistance = TitleDistance, Minimum = least };

    private static void Save(string folder, string name, PlotModel model) =>
        OutputFile.Write(Path.Combine(folder, name), stream => new SvgExporter { Width = 760, Height = 420, UseVerticalTextAlignmentWorkaround = true }.Export(model, stream));
}
