using System.Globalization;
using System.Text;

namespace Sequoia.Native.Tokenization;

/// <summary>Represents every character by one UTF-16 unit of the same Unicode category, so that patterns match characters.</summary>
internal static class StandIn
{
    /// <summary>
    /// The text itself if it has no surrogates (positions null), otherwise a shadow of it: shadow unit i represents the
    /// character at positions[i], and the last entry of positions is the text's length.
    /// </summary>
    public static string Shadow(string text, out int[]? positions)
    {
        positions = null;
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return text;

        var shadow = new StringBuilder(text.Length);
        var starts = new List<int>(text.Length + 1);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            starts.Add(at);
            shadow.Append(rune.IsBmp ? (char)rune.Value : Of(Rune.GetUnicodeCategory(rune)));
            at += rune.Utf16SequenceLength;
        }
        starts.Add(text.Length);
        positions = [.. starts];
        return shadow.ToString();
    }

    // One rarely used character of each category that occurs beyond U+FFFF.
    private static char Of(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u0531',
        UnicodeCategory.LowercaseLetter => '\u0561',
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\u02EE',
        UnicodeCategory.OtherLetter => '\u1401',
        UnicodeCategory.NonSpacingMark => '\u0591',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u20DD',
        UnicodeCategory.DecimalDigitNumber => '\u0E51',
        UnicodeCategory.LetterNumber => '\u16EE',
        UnicodeCategory.OtherNumber => '\u0F2A',
        UnicodeCategory.ConnectorPunctuation => '\u2040',
        UnicodeCategory.DashPunctuation => '\u1400',
        UnicodeCategory.OpenPunctuation => '\u0F3A',
        UnicodeCategory.ClosePunctuation => '\u0F3B',
        UnicodeCategory.OtherPunctuation => '\u0964',
        UnicodeCategory.MathSymbol => '\u2200',
        UnicodeCategory.CurrencySymbol => '\u0E3F',
        UnicodeCategory.ModifierSymbol => '\u02EF',
        UnicodeCategory.OtherSymbol => '\u2300',
        UnicodeCategory.Format => '\u2061',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\uFFFE',
    };
}
