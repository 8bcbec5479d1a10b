using System.Globalization;
using System.Text;
using Sequoia.Native.Tokenization;

namespace Sequoia.Native.Tests.Tokenization;

public class WordPatternTests
{
    private const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [TestCase("x𝐚𝐛 𝟙𝟚𝟛𝟜 🦙b  c", new[] { "x𝐚𝐛", " ", "𝟙𝟚𝟛", "𝟜", " 🦙", "b", " ", " c" })]
    [TestCase("I'LL go\n\n 𠀀b!", new[] { "I", "'LL", " go", "\n\n", " 𠀀b", "!" })]
    [TestCase("🦙b", new[] { "🦙b" })]
    public void Characters_beyond_the_first_plane_are_matched_as_what_they_are(string text, string[] expected)
    {
        var words = new List<string>();
        WordPattern.Create(Llama3, "file", "key").Isolate(text, keepGaps: true, words);
        Assert.That(words, Is.EqualTo(expected));
    }

    [Test]
    public void A_stand_in_has_the_category_of_its_character()
    {
        for (int value = 0x10000; value <= 0x10FFFF; value++)
        {
            var rune = new Rune(value);
            string shadow = StandIn.Shadow(rune.ToString(), out _);
            if (shadow.Length != 1 || CharUnicodeInfo.GetUnicodeCategory(shadow[0]) != Rune.GetUnicodeCategory(rune))
                Assert.Fail($"U+{value:X} is {Rune.GetUnicodeCategory(rune)}, its stand-in U+{(int)shadow[0]:X4} is {CharUnicodeInfo.GetUnicodeCategory(shadow[0])}");
        }
    }

    [Test]
    public void The_byte_alphabet_is_its_own_inverse()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        string text = "aé\n 🦙\u00ad";
        Assert.That(ByteLevelAlphabet.Unspell(ByteLevelAlphabet.Spell(text)), Is.EqualTo(Encoding.UTF8.GetBytes(text)));
        Assert.That(ByteLevelAlphabet.Spell(" "), Is.EqualTo("Ġ"));
        Assert.That(ByteLevelAlphabet.Unspell("Ġa<|x|> "), Is.EqualTo(Encoding.UTF8.GetBytes("Ġa<|x|> ")), "a real space is not of the alphabet");
        Assert.That(all.Select(value => ByteLevelAlphabet.Spell(((char)(value & 0x7F)).ToString())).Distinct().Count(), Is.EqualTo(128));
    }
}
