using System.Text.RegularExpressions;

namespace Sequoia.Native.Tokenization;

/// <summary>Cuts words out by a pattern.</summary>
internal sealed class SplitPreTokenizer : PreTokenizer
{
    private readonly WordPattern _pattern;
    private readonly bool _keepGaps;

    private SplitPreTokenizer(WordPattern pattern, bool keepGaps) => (_pattern, _keepGaps) = (pattern, keepGaps);

    public static SplitPreTokenizer FromJson(JsonSection section, string file)
    {
        JsonSection pattern = section.Section("pattern") ?? throw section.Problem("pattern", "is missing");
        string regex = pattern.Has("String") ? Regex.Escape(pattern.String("String")) : pattern.String("Regex");
        if (regex.Length == 0)
            throw section.Problem("pattern", "must not be empty");
        // With "Removed" the matches go and the gaps stay, or the other way round when inverted: only that one is of use.
        string behavior = section.String("behavior");
        bool keepGaps = (behavior, section.Bool("invert", false)) switch
        {
            ("Isolated", _) => true,
            ("Removed", true) => false,
            _ => throw section.Problem("behavior", $"\"{behavior}\" is not supported (known: Isolated, and Removed with invert)"),
        };
        return new SplitPreTokenizer(WordPattern.Create(regex, file, section.Path + ".pattern"), keepGaps);
    }

    public override void Split(string text, bool atStart, List<string> words) => _pattern.Isolate(text, _keepGaps, words);
}
