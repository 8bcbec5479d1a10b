using System.Text;

namespace Sequoia.Cli;

/// <summary>A table that is readable in a terminal and valid Markdown.</summary>
internal static class TextTable
{
    /// <param name="rows">The header, then the other rows; all have the same length.</param>
    public static string Of(IReadOnlyList<string[]> rows)
    {
        var text = new StringBuilder();
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        for (int row = 0; row < rows.Count; row++)
        {
            Line(text, rows[row].Select((cell, column) => cell.PadRight(widths[column])));
            if (row == 0)
                Line(text, widths.Select(width => new string('-', width)));
        }
        return text.ToString();
    }

    private static void Line(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
