using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;

namespace Sequoia.Cli;

/// <summary>What all charts of the command share.</summary>
internal static class Chart
{
    private const double TitleDistance = 14;

    public static PlotModel Model(string title)
    {
        // The library measures text as Arial; the viewer's font may be wider, and the padding leaves room for it.
        var model = new PlotModel { Title = title, Background = OxyColors.White, DefaultFont = "Arial", Padding = new OxyThickness(16) };
        model.Legends.Add(new Legend { LegendPlacement = LegendPlacement.Outside, LegendPosition = LegendPosition.RightTop, LegendPadding = 24, LegendLineSpacing = 4 });
        return model;
    }

    public static LinearAxis Left(string title, double least) => new() { Position = AxisPosition.Left, Title = title, AxisTitleDistance = TitleDistance, Minimum = least };

    public static LinearAxis Bottom(string title) => new() { Position = AxisPosition.Bottom, Title = title, AxisTitleDistance = TitleDistance };

    /// <summary>A horizontal axis on which each step is twice the one before.</summary>
    public static LogarithmicAxis Doubling(string title) =>
        new() { Position = AxisPosition.Bottom, Title = title, AxisTitleDistance = TitleDistance, Base = 2, MinorTickSize = 0 };

    public static void Save(string file, PlotModel model) =>
        OutputFile.Write(file, stream => new SvgExporter { Width = 760, Height = 420, UseVerticalTextAlignmentWorkaround = true }.Export(model, stream));
}
