using System.Text.RegularExpressions;

namespace Sequoia.Training.Evaluation;

/// <summary>Two signs of bad text that a program can count: words that do not exist, and going round in circles.</summary>
internal static partial class TextQuality
{
    public static IEnumerable<string> Words(string text) =>
        Word().Matches(text).Select(m => m.Value.ToLowerInvariant());

    /// <summary>The share of the texts' words that are in <paramref name="known"/>; the last word may be cut off and does not count.</summary>
    public static double KnownWords(IEnumerable<string> texts, IReadOnlySet<string> known)
    {
        long total = 0, found = 0;
        foreach (string text in texts)
        {
            foreach (string word in Words(text).SkipLast(1))
            {
                total++;
                if (known.Contains(word)) found++;
            }
        }

        return (double)found / total;
    }

    /// <summary>The share of four-word sequences that came before in the same text.</summary>
    public static double RepeatedFourGrams(IEnumerable<string> texts)
    {
        long total = 0, repeated = 0;
        foreach (string text in texts)
        {
            string[] words = [.. Words(text)];
            var seen = new HashSet<string>();
            for (int i = 0; i + 4 <= words.Length; i++)
            {
                total++;
                if (!seen.Add(string.Join(' ', words, i, 4))) repeated++;
            }
        }

        return (double)repeated / total;
    }

    // Letters with apostrophes inside, so that quotation marks around a word do not make another word of it.
    [GeneratedRegex(@"\p{L}+(?:'\p{L}+)*")]
    private static partial Regex Word();
}
