using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sequoia.Native.Tokenization;

/// <summary>Splits a text at added tokens, leftmost first; the longest one if several begin at the same position.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<string> _starts;
    private readonly Dictionary<string, AddedToken> _tokens = new(StringComparer.Ordinal);
    private readonly int[] _lengths;

    /// <param name="tokens">The tokens with the text by which each is found.</param>
    private AddedTokenMatcher(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        foreach ((string text, AddedToken token) in tokens)
            _tokens[text] = token;
        _starts = SearchValues.Create([.. _tokens.Keys], StringComparison.Ordinal);
        _lengths = [.. _tokens.Keys.Select(text => text.Length).Distinct().OrderDescending()];
    }

    /// <summary>Creates a matcher; null if there is nothing to match. Tokens with an empty text never match.</summary>
    public static AddedTokenMatcher? Create(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        (string Text, AddedToken Token)[] usable = [.. tokens.Where(t => t.Text.Length > 0)];
        return usable.Length == 0 ? null : new AddedTokenMatcher(usable);
    }

    /// <summary>One segment of the text: an added token, or plain text if <paramref name="Token"/> is null.</summary>
    public readonly record struct Stretch(int Start, int Length, AddedToken? Token);

    public List<Stretch> Split(string text)
    {
        var stretches = new List<Stretch>();
        int done = 0;
        int from = 0;
        while (from < text.Length)
        {
            int found = text.AsSpan(from).IndexOfAny(_starts);
            if (found < 0)
                break;
            int start = from + found;
            AddedToken token = LongestAt(text, start, out int stop);
            from = stop;
            if (token.SingleWord && (EndsInWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(stop))))
                continue;
            if (token.LStrip)
            {
                while (start > done && char.IsWhiteSpace(text[start - 1]))
                    start--;
            }
            if (token.RStrip)
            {
                while (stop < text.Length && char.IsWhiteSpace(text[stop]))
                    stop++;
                from = stop;
            }
            if (start > done)
                stretches.Add(new Stretch(done, start - done, null));
            stretches.Add(new Stretch(start, stop - start, token));
            done = stop;
        }
        if (done < text.Length)
            stretches.Add(new Stretch(done, text.Length - done, null));
        return stretches;
    }

    private AddedToken LongestAt(string text, int start, out int stop)
    {
        var lookup = _tokens.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (int length in _lengths)
        {
            if (length <= text.Length - start && lookup.TryGetValue(text.AsSpan(start, length), out AddedToken? token))
            {
                stop = start + length;
                return token;
            }
        }
        throw new InvalidOperationException("The search found a token that the table does not hold.");
    }

    private static bool EndsInWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
        _ => Rune.IsLetter(rune),
    };
}

/// <summary>
/// A token that is matched in the text before any merging. The switches have the same meaning as in a Hugging Face
/// tokenizer.json: <paramref name="Normalized"/> tokens are matched in the normalised text, the others in the raw text.
/// </summary>
internal sealed record AddedToken(
    int Id, string Content, bool SingleWord = false, bool LStrip = false, bool RStrip = false, bool Normalized = false, bool Special = true);
