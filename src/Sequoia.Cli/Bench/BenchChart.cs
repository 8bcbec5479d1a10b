using OxyPlot;
using OxyPlot.Series;

namespace Sequoia.Cli.Bench;

/// <summary>Milliseconds of a pass by its rows, beside the floor, as an SVG picture.</summary>
internal static class BenchChart
{
    private static readonly OxyColor[] s_colours = [OxyColors.ForestGreen, OxyColors.DarkOrange, OxyColors.RoyalBlue, OxyColors.Crimson, OxyColors.Purple];

    public static void Write(BenchReport report, string file)
    {
        bool isPredicted = report.Ceilings is null;
        PlotModel model = Chart.Model($"{report.Target.Name}, {(isPredicted ? $"predicted for {report.Assumed!.Title}" : report.Device)}");
        model.Axes.Add(Chart.Doubling("rows of a pass"));
        model.Axes.Add(Chart.Left(isPredicted ? "ms, predicted" : "ms, median", 0));
        double rate = report.Ceilings?.ReadRate ?? report.Assumed!.ReadBandwidth;
        foreach ((IGrouping<int, PassReport> passes, OxyColor colour) in report.Target.Passes.GroupBy(pass => pass.Context).Zip(s_colours))
        {
            model.Series.Add(Line($"behind {passes.Key} tokens", colour, LineStyle.Solid, MarkerType.Circle, passes, pass => pass.Seconds!.Value));
            model.Series.Add(Line("its floor", colour, LineStyle.Dash, MarkerType.None, passes, pass => pass.Cost.Bytes / rate));
        }
        Chart.Save(file, model);
    }

    private static LineSeries Line(string title, OxyColor colour, LineStyle style, MarkerType marker, IEnumerable<PassReport> passes, Func<PassReport, double> seconds)
    {
        var line = new LineSeries { Title = title, Color = colour, LineStyle = style, MarkerType = marker };
        line.Points.AddRange(passes.Select(pass => new DataPoint(pass.Rows, 1e3 * seconds(pass))));
        return line;
    }
}
