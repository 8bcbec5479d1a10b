using System.Text;
using System.Text.RegularExpressions;

namespace Sequoia.Training.Corpus;

/// <summary>Makes one spelling of the many that typographic characters have, so that few pieces are spent on them.</summary>
internal static partial class TextCleaner
{
    // UTF-8 read as Windows-1252 somewhere upstream; the closing quote lost its third byte there.
    private static readonly (string Broken, string Meant)[] Mojibake =
    [
        ("â€œ", "\""), ("â€™", "'"), ("â€˜", "'"), ("â€”", "--"), ("â€“", "-"), ("â€¦", "..."), ("â€", "\""),
    ];

    public static string Clean(string text)
    {
        foreach ((string broken, string meant) in Mojibake) text = text.Replace(broken, meant, StringComparison.Ordinal);
        var clean = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            switch (c)
            {
                case '“' or '”' or '„' or '«' or '»': clean.Append('"'); break;
                case '‘' or '’' or '`' or '´': clean.Append('\''); break;
                case '—' or '―': clean.Append("--"); break;
                case '–' or '‐' or '‑': clean.Append('-'); break;
                case '…': clean.Append("..."); break;
                case '\t' or '\u00A0': clean.Append(' '); break;
                // Zero-width marks, carriage returns; the tokenizer's own word mark must not come from text.
                case '\r' or '\u200B' or '\u2060' or '\uFEFF' or '▁': break;
                default: clean.Append(c); break;
            }
        }

        string result = Spaces().Replace(clean.ToString(), " ");
        return LineEnds().Replace(result, "\n").Trim();
    }

    [GeneratedRegex(" {2,}")]
    private static partial Regex Spaces();

    // Paragraphs are one newline apart everywhere; some sources have blank lines, some do not.
    [GeneratedRegex(@" *\n[ \n]*")]
    private static partial Regex LineEnds();
}
