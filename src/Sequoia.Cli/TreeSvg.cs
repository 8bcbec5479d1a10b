using System.Globalization;
using System.Text;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>A tree as an SVG picture: levels from left to right, a row for each leaf, a node at the height of its first child.</summary>
internal static class TreeSvg
{
    private const int Step = 40;
    private const int Row = 18;
    private const int Margin = 20;

    public static string Draw(TokenTree tree)
    {
        int[] rows = Rows(tree, out int rowCount);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{X(tree.Levels - 1) + Margin}\" height=\"{Y(rowCount - 1) + Margin}\" font-family=\"sans-serif\" font-size=\"10\" text-anchor=\"middle\">\n");
        for (int node = 1; node < tree.Size; node++)
        {
            int parent = tree.Parent(node);
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{X(tree.Depth(parent))}\" y1=\"{Y(rows[parent])}\" x2=\"{X(tree.Depth(node))}\" y2=\"{Y(rows[node])}\" stroke=\"#999\"/>\n");
        }
        for (int node = 0; node < tree.Size; node++)
        {
            (int x, int y) = (X(tree.Depth(node)), Y(rows[node]));
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{x}\" cy=\"{y}\" r=\"8\" fill=\"{(node == 0 ? "#2e7d32" : "#fff")}\" stroke=\"#2e7d32\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"{y + 3}\">{(node == 0 ? "" : tree.Rank(node))}</text>\n");
        }
        return svg.Append("</svg>\n").ToString();
    }

    // Depth first without recursion, since a chain may have 65,536 levels.
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
