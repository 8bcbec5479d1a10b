using System.Globalization;
using System.Text;

namespace Sequoia.Native.Trees;

/// <summary>Draws a tree from left to right: one row per leaf, first children on the same row, others below.</summary>
internal sealed class TreePicture
{
    private readonly TokenTree _tree;
    private readonly Func<int, string> _label;
    private readonly int[] _widths;
    private readonly StringBuilder _text = new();

    private TreePicture(TokenTree tree, Func<int, string> label)
    {
        _tree = tree;
        _label = label;
        _widths = new int[tree.Levels];
        for (int node = 0; node < tree.Size; node++)
            _widths[tree.Depth(node)] = Math.Max(_widths[tree.Depth(node)], Width(label(node)));
    }

    public static string Draw(TokenTree tree, Func<int, string> label)
    {
        var picture = new TreePicture(tree, label);
        picture.Add(0, "");
        return picture._text.ToString();
    }

    /// <summary>The number of nodes and the highest child rank on each level, with a bar.</summary>
    public static string Outline(TokenTree tree)
    {
        const int BarWidth = 40;
        int widest = Enumerable.Range(0, tree.Levels).Max(tree.LevelCount);
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{tree.Size} nodes on {tree.Levels} levels"));
        for (int level = 0; level < tree.Levels; level++)
        {
            int count = tree.LevelCount(level);
            int rank = Enumerable.Range(tree.LevelStart(level), count).Max(tree.Rank);
            string bar = new('█', Math.Max(1, count * BarWidth / widest));
            text.Append(CultureInfo.InvariantCulture, $"\nlevel {level,3}  {count,5} node{(count == 1 ? " " : "s")}  ranks to {rank,3}  {bar}");
        }
        return text.ToString();
    }

    // Recursion is as deep as the tree; callers only draw small trees.
    private void Add(int node, string indent)
    {
        string label = _label(node);
        _text.Append(label);
        int children = _tree.ChildCount(node);
        if (children == 0)
            return;
        int width = _widths[_tree.Depth(node)];
        _text.Append('─', width - Width(label));
        indent += new string(' ', width);
        for (int rank = 1; rank <= children; rank++)
        {
            bool last = rank == children;
            if (rank == 1)
                _text.Append(last ? "───" : "─┬─");
            else
                _text.Append('\n').Append(indent).Append(last ? " └─" : " ├─");
            Add(_tree.FirstChild(node) + rank - 1, indent + (last ? "   " : " │ "));
        }
    }

    private static int Width(string label) => new StringInfo(label).LengthInTextElements;
}
