using Sequoia.Native.Models;

namespace Sequoia.Native.Tokenization;

/// <summary>Spaces become a visible character, one is put in front if the scheme says so, and each begins a word.</summary>
internal sealed class MetaspacePreTokenizer : PreTokenizer
{
    private readonly char _replacement;
    private readonly string _scheme;
    private readonly bool _split;

    private MetaspacePreTokenizer(char replacement, string scheme, bool split) =>
        (_replacement, _scheme, _split) = (replacement, scheme, split);

    public static MetaspacePreTokenizer Create(JsonSection section) =>
        new(Replacement(section), Scheme(section), section.Flag("split", true));

    public static char Replacement(JsonSection section)
    {
        string replacement = section.Text("replacement");
        return replacement.Length == 1 ? replacement[0] : throw section.Problem("replacement", "must be one character");
    }

    /// <summary>"first", "always" or "never"; older files say add_prefix_space instead.</summary>
    public static string Scheme(JsonSection section)
    {
        string scheme = section.OptionalText("prepend_scheme") ?? (section.Flag("add_prefix_space", true) ? "always" : "never");
        return scheme is "first" or "always" or "never"
            ? scheme
            : throw section.Problem("prepend_scheme", $"\"{scheme}\" is not supported (known: first, always, never)");
    }

    public override void Split(string text, bool atStart, List<string> words)
    {
        text = text.Replace(' ', _replacement);
        if (!text.StartsWith(_replacement) && (_scheme == "always" || (_scheme == "first" && atStart)))
            text = _replacement + text;
        int start = 0;
        for (int i = 1; _split && i < text.Length; i++)
        {
            if (text[i] == _replacement)
            {
                words.Add(text[start..i]);
                start = i;
            }
        }
        words.Add(text[start..]);
    }
}
