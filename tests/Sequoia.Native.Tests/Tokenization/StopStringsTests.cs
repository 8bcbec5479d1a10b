using System.Text;
using Sequoia.Native.Tokenization;

namespace Sequoia.Native.Tests.Tokenization;

/// <summary>Stop strings against a search over the whole text, whatever the pieces that the text arrives in.</summary>
public sealed class StopStringsTests
{
    // Few characters, so that strings overlap, begin in each other and come twice.
    private static readonly string[] Alphabet = ["a", "b", "ab", "c", "\n", "é", "😀"];

    [Test]
    public void A_thousand_random_sets_cut_where_a_search_would()
    {
        int found = 0;
        for (int seed = 0; seed < 1000; seed++)
        {
            var random = new Random(seed);
            string[] stops = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Text(random, random.Next(1, 5)))];
            string text = Text(random, random.Next(0, 60));
            (int cut, string? first) = Search(text, stops);
            for (int pieces = 1; pieces <= 3; pieces++)
            {
                var automaton = new StopStrings(stops);
                var certain = new StringBuilder();
                for (int at = 0; at < text.Length;)
                {
                    int length = Math.Min(random.Next(0, pieces == 1 ? 100 : 4), text.Length - at);
                    certain.Append(automaton.Append(text.Substring(at, length)));
                    at += length;
                    if (automaton.Found is null)
                        Assert.That(certain.ToString(), Is.EqualTo(text[..(at - Held(text[..at], stops))]), $"seed {seed}: what may begin a stop string is held back, and no more");
                }
                certain.Append(automaton.Flush());
                Assert.That((certain.ToString(), automaton.Found), Is.EqualTo((text[..cut], first)), $"seed {seed}");
            }
            found += first is null ? 0 : 1;
        }
        Assert.That(found, Is.InRange(300, 950), "both cases are common");
    }

    [Test]
    public void Without_strings_nothing_is_held_back()
    {
        var automaton = new StopStrings([]);
        Assert.That((automaton.Append("ab"), automaton.Append("c"), automaton.Flush(), automaton.Found), Is.EqualTo(("ab", "c", "", (string?)null)));
    }

    private static string Text(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => Alphabet[random.Next(Alphabet.Length)]));

    /// <summary>By definition: the first end of a string, and the longest string there.</summary>
    private static (int Cut, string? First) Search(string text, string[] stops)
    {
        for (int end = 0; end <= text.Length; end++)
        {
            if (stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length) is { } first)
                return (end - first.Length, first);
        }
        return (text.Length, null);
    }

    private static int Held(string text, string[] stops) =>
        Enumerable.Range(0, text.Length + 1).Where(length => stops.Any(stop => stop.Length > length && stop.StartsWith(text[^length..], StringComparison.Ordinal))).Max();
}
