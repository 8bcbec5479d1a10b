using System.Globalization;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Sequoia.Cli.Compare;

/// <summary>The results as SVG pictures.</summary>
internal static class CompareCharts
{
    private const string TokensPerStep = "tokens per step, measured";
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
        Save(folder, "predicted.svg", Predicted(report.Summary));
    }

    private static PlotModel Lines(string title, string abscissa, IEnumerable<SummaryRow> rows, Func<SummaryRow, double> x, bool logarithmic)
    {
        PlotModel model = Model(title);
        model.Axes.Add(logarithmic
            ? new LogarithmicAxis { Position = AxisPosition.Bottom, Title = abscissa, AxisTitleDistance = TitleDistance, Base = 2, MinorTickSize = 0 }
            : new LinearAxis { Position = AxisPosition.Bottom, Title = abscissa, AxisTitleDistance = TitleDistance });
        model.Axes.Add(Tokens());
        foreach ((string name, OxyColor colour, IEnumerable<SummaryRow> own) in ByMethod(rows))
        {
            var line = new LineSeries { Title = name, Color = colour, MarkerType = MarkerType.Circle };
            line.Points.AddRange(own.Select(row => new DataPoint(x(row), row.TokensPerStep.Value)));
            model.Series.Add(line);
        }
        return model;
    }

    private static PlotModel Predicted(IReadOnlyList<SummaryRow> rows)
    {
        PlotModel model = Model("all temperatures and sizes");
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = "tokens per step, predicted", AxisTitleDistance = TitleDistance, Minimum = 1 });
        model.Axes.Add(Tokens());
        double most = rows.Select(row => Math.Max(row.Predicted.Value, row.TokensPerStep.Value)).DefaultIfEmpty(1).Max();
        var right = new LineSeries { Title = "as predicted", Color = OxyColors.Gray, LineStyle = LineStyle.Dash };
        right.Points.AddRange([new DataPoint(1, 1), new DataPoint(most, most)]);
        model.Series.Add(right);
        foreach ((string name, OxyColor colour, IEnumerable<SummaryRow> own) in ByMethod(rows))
        {
            var points = new ScatterSeries { Title = name, MarkerFill = colour, MarkerType = MarkerType.Circle, MarkerSize = 3 };
            points.Points.AddRange(own.Select(row => new ScatterPoint(row.Predicted.Value, row.TokensPerStep.Value)));
            model.Series.Add(points);
        }
        return model;
    }

    private static IEnumerable<(string Title, OxyColor Colour, IEnumerable<SummaryRow> Rows)> ByMethod(IEnumerable<SummaryRow> rows) =>
        ComparedMethod.All.Zip(Colours, (method, colour) => (method.Title, colour, Rows: rows.Where(row => row.Method == method.Name)))
            .Where(entry => entry.Rows.Any());

    private static PlotModel Model(string title)
    {
        // The library measures text as Arial; the viewer's font may be wider, for which the padding leaves room.
        var model = new PlotModel { Title = title, Background = OxyColors.White, DefaultFont = "Arial", Padding = new OxyThickness(16) };
        model.Legends.Add(new Legend { LegendPlacement = LegendPlacement.Outside, LegendPosition = LegendPosition.RightTop, LegendPadding = 24, LegendLineSpacing = 4 });
        return model;
    }

    private static LinearAxis Tokens() => new() { Position = AxisPosition.Left, Title = TokensPerStep, AxisTitleDistance = TitleDistance, Minimum = 1 };

    private static void Save(string folder, string name, PlotModel model) =>
        OutputFile.Write(Path.Combine(folder, name), stream => new SvgExporter { Width = 760, Height = 420, UseVerticalTextAlignmentWorkaround = true }.Export(model, stream));
}
