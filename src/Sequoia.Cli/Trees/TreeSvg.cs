using System.Globalization;
using System.Text;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>
/// A tree as an SVG picture: levels from left to right, one row per leaf, a node at the height of its first child. The
/// area of a node is its f, the probability that a step reaches it; the number on a line is the child's rank.
/// </summary>
internal static class TreeSvg
{
    private const int Step = 60;
    private const int Row = 22;
    private const int Margin = 24;
    private const double RootRadius = 11;
    private const double LeastRadius = 2;

    /// <param name="tree">The tree; with more than <paramref name="maxPictured"/> nodes it is drawn as an outline, <see cref="TreeOutlineSvg"/>.</param>
    /// <param name="reached">f of each node.</param>
    /// <param name="maxPictured">The maximum number of nodes that are distinguishable.</param>
    public static string Draw(TokenTree tree, double[] reached, int maxPictured) =>
        tree.Size <= maxPictured ? Picture(tree, reached) : TreeOutlineSvg.Draw(tree, reached);

    private static string Picture(TokenTree tree, double[] reached)
    {
        int[] rows = Rows(tree, out int rowCount);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{X(tree.Levels - 1) + Margin}\" height=\"{Y(rowCount - 1) + Margin}\" font-family=\"sans-serif\" font-size=\"10\" text-anchor=\"middle\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        for (int node = 1; node < tree.Size; node++)
        {
            int parent = tree.Parent(node);
            (int x1, int y1, int x2, int y2) = (X(tree.Depth(parent)), Y(rows[parent]), X(tree.Depth(node)), Y(rows[node]));
            // Children of one node share the line down; only its own subtree is next to it.
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{x1} {y1}V{y2}H{x2}\" fill=\"none\" stroke=\"#999\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x1 + (Step / 2)}\" y=\"{y2 - 3}\" fill=\"#555\">{tree.Rank(node)}</text>\n");
        }
        for (int node = 0; node < tree.Size; node++)
        {
            double radius = Math.Max(LeastRadius, RootRadius * Math.Sqrt(reached[node]));
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(tree.Depth(node))}\" cy=\"{Y(rows[node])}\" r=\"{radius:F1}\" fill=\"#2e7d32\"><title>f = {reached[node]:G4}</title></circle>\n");
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static int[] Rows(TokenTree tree, out int count)
    {
        int[] rows = new int[tree.Size];
        var open = new Stack<int>([0]);
        count = 0;
        while (open.TryPop(out int node))
        {
            rows[node] = count;
            int children = tree.ChildCount(node);
            if (children == 0)
                count++;
            for (int child = children - 1; child >= 0; child--)
                open.Push(tree.FirstChild(node) + child);
        }
        return rows;
    }

    private static int X(int level) => Margin + (Step * level);

    private static int Y(int row) => Margin + (Row * row);
}
