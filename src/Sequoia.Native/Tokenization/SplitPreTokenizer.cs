using System.Text.RegularExpressions;
using Sequoia.Native.Models;

namespace Sequoia.Native.Tokenization;

/// <summary>Cuts words out by a pattern.</summary>
internal sealed class SplitPreTokenizer : PreTokenizer
{
    private readonly WordPattern _pattern;
    private readonly bool _keepGaps;

    private SplitPreTokenizer(WordPattern pattern, bool keepGaps) => (_pattern, _keepGaps) = (pattern, keepGaps);

    public static SplitPreTokenizer Create(JsonSection section)
    {
        JsonSection pattern = section.RequiredSection("pattern");
        string regex = pattern.Has("String") ? Regex.Escape(pattern.Text("String")) : pattern.Text("Regex");
        if (regex.Length == 0)
            throw section.Problem("pattern", "must not be empty");
        // With "Removed" the matches go and the gaps stay, or the other way round when inverted: only that one is of use.
        string behavior = section.Text("behavior");
        bool keepGaps = (behavior, section.Flag("invert", false)) switch
        {
            ("Isolated", _) => true,
            ("Removed", true) => false,
            _ => throw section.Problem("behavior", $"\"{behavior}\" is not supported (known: Isolated, and Removed with invert)"),
        };
        return new SplitPreTokenizer(WordPattern.Create(regex, section.File, section.PathOf("pattern")), keepGaps);
    }

    public override void Split(string text, bool atStart, List<string> words) => _pattern.Isolate(text, _keepGaps, words);
}
