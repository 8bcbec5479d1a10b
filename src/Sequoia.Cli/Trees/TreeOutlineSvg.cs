using System.Globalization;
using System.Text;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>The outline of a tree with too many nodes to distinguish: one bar per level, as long as its number of nodes.</summary>
internal static class TreeOutlineSvg
{
    private const int Row = 18;
    private const int Margin = 24;
    private const int BarStart = 90;
    private const int LongestBar = 400;
    private const int Width = BarStart + LongestBar + 260;

    public static string Draw(TokenTree tree, double[] reached)
    {
        int widest = Enumerable.Range(0, tree.Levels).Max(tree.LevelCount);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{Y(tree.Levels) + Margin}\" font-family=\"sans-serif\" font-size=\"11\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Margin}\" y=\"{Margin - 6}\">{tree.Size} nodes on {tree.Levels} levels, {reached.Sum():F4} tokens per step expected</text>\n");
        for (int level = 0; level < tree.Levels; level++)
        {
            (int start, int count) = (tree.LevelStart(level), tree.LevelCount(level));
            int rank = Enumerable.Range(start, count).Max(tree.Rank);
            double bar = Math.Max(1, (double)LongestBar * count / widest);
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Margin}\" y=\"{Y(level) + 13}\">level {level}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{BarStart}\" y=\"{Y(level) + 3}\" width=\"{bar:F0}\" height=\"{Row - 6}\" fill=\"#2e7d32\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{BarStart + bar + 6:F0}\" y=\"{Y(level) + 13}\">{count} node{(count == 1 ? "" : "s")}, ranks to {rank}, {reached.AsSpan(start, count).ToArray().Sum():G4} tokens</text>\n");
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static int Y(int level) => Margin + (Row * level);
}
