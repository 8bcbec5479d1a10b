namespace Sequoia.Training.Tokenization;

/// <summary>
/// Cuts text, with spaces already turned into the word mark, into the words that no piece may cross.
/// Whether there is a cut between two characters depends on these two alone. That is what makes encoding word
/// by word exactly equal to encoding the whole text: a piece contains no pair with a cut, so no merge spans one.
/// </summary>
internal static class WordSplitter
{
    /// <summary>U+2581, what SentencePiece and Llama's tokenizer write for a space.</summary>
    public const char Mark = '▁';

    public static string Normalize(string text) => Mark + text.Replace(' ', Mark);

    public static IEnumerable<string> Split(string marked)
    {
        int start = 0;
        for (int i = 1; i <= marked.Length; i++)
        {
            if (i < marked.Length && !IsCut(marked[i - 1], marked[i])) continue;
            yield return marked[start..i];
            start = i;
        }
    }

    internal static bool IsCut(char left, char right) => (Classify(left), Classify(right)) switch
    {
        (Class.Mark, Class.Letter or Class.Apostrophe or Class.Symbol) => false,
        (Class.Letter, Class.Letter) => false,
        (Class.Apostrophe, Class.Letter) => false, // 's, 't, 'll
        (Class.Symbol or Class.Apostrophe, Class.Symbol or Class.Apostrophe) => false, // ." ?" ...
        (Class.Surrogate, Class.Surrogate) => false, // halves of one character
        _ => true,
    };

    private static Class Classify(char c) => c switch
    {
        Mark => Class.Mark,
        '\'' => Class.Apostrophe,
        _ when char.IsSurrogate(c) => Class.Surrogate,
        _ when char.IsLetter(c) => Class.Letter,
        _ when char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c)) => Class.Symbol,
        _ => Class.Alone, // digits, newlines, everything else
    };

    private enum Class
    {
        Mark,
        Letter,
        Apostrophe,
        Symbol,
        Surrogate,
        Alone,
    }
}
