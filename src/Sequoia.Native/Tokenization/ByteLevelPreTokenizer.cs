using Sequoia.Native.Models;

namespace Sequoia.Native.Tokenization;

/// <summary>Spells words in the byte alphabet, after cutting them by GPT-2's pattern where the file asks for that.</summary>
internal sealed class ByteLevelPreTokenizer : PreTokenizer
{
    private readonly bool _addPrefixSpace;
    private readonly WordPattern? _pattern;

    private ByteLevelPreTokenizer(bool addPrefixSpace, WordPattern? pattern) => (_addPrefixSpace, _pattern) = (addPrefixSpace, pattern);

    public static ByteLevelPreTokenizer Create(JsonSection section) =>
        new(section.Flag("add_prefix_space", true), section.Flag("use_regex", true) ? WordPattern.Gpt2(section.File) : null);

    public override void Split(string text, bool atStart, List<string> words)
    {
        if (_addPrefixSpace && !text.StartsWith(' '))
            text = ' ' + text;
        if (_pattern is null)
        {
            words.Add(ByteLevelAlphabet.Spell(text));
            return;
        }
        var cut = new List<string>();
        _pattern.Isolate(text, keepGaps: true, cut);
        words.AddRange(cut.Select(ByteLevelAlphabet.Spell));
    }
}
