using System.Text;
using CsCheck;

namespace Sequoia.Native.Tests.Tokenization;

public class TokenDecoderTests
{
    private static readonly string[][] Files =
    [
        ["tokenizers", "llama2", "tokenizer.json"],
        ["tokenizers", "llama2", "tokenizer.model"],
        ["tokenizers", "llama3", "tokenizer.json"],
        ["tokenizers", "openllama", "tokenizer.model"],
        ["stories260K", "hf", "tokenizer.model"],
    ];

    [TestCaseSource(nameof(Files))]
    public void Pieces_join_to_the_whole_for_any_ids(params string[] file)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path(file));
        // Low ids are where bytes and special tokens live; also a few that the vocabulary does not have.
        Gen<int> id = Gen.Frequency((3, Gen.Int[0, 300]), (3, Gen.Int[0, tokenizer.VocabularySize - 1]), (1, Gen.Int[-2, tokenizer.VocabularySize + 2]));
        id.Array[0, 40].Sample(ids => Joined(tokenizer, ids) == tokenizer.Decode(ids), iter: 2000);
    }

    [TestCaseSource(nameof(Files))]
    public void Pieces_of_texts_are_whole_characters(params string[] file)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path(file));
        string[] parts = [" ", "  ", "🦙", "👨‍👩‍👧", "漢字", "セ", "é", "a", "Once", "\n", "\t", "ﷺ", "𝒳", "0", "!"];
        Gen.Int[0, parts.Length - 1].Array[0, 12].Select(picks => string.Concat(picks.Select(pick => parts[pick]))).Sample(text =>
        {
            int[] ids = tokenizer.Encode(text);
            TokenDecoder decoder = tokenizer.CreateDecoder();
            var whole = new StringBuilder();
            foreach (int id in ids)
            {
                string shown = decoder.Append(id);
                Assert.That(shown, Does.Not.Contain('\ufffd'));
                Assert.That(shown.EnumerateRunes().Sum(rune => rune.Utf16SequenceLength), Is.EqualTo(shown.Length));
                whole.Append(shown);
            }
            Assert.That(decoder.Flush(), Is.Empty);
            Assert.That(whole.ToString(), Is.EqualTo(tokenizer.Decode(ids)));
        }, iter: 2000);
    }

    [TestCaseSource(nameof(Files))]
    public void A_continuing_decoder_keeps_the_first_space(params string[] file)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path(file));
        int[] ids = [tokenizer.BosId!.Value, .. tokenizer.Encode("Once upon a time there was 🌲 a tree")];
        string whole = tokenizer.Decode(ids);
        for (int split = 1; split <= ids.Length; split++)
        {
            TokenDecoder decoder = tokenizer.CreateDecoder(ids.AsSpan(0, split));
            string rest = string.Concat(ids[split..].Select(decoder.Append)) + decoder.Flush();
            TokenDecoder before = tokenizer.CreateDecoder();
            string start = string.Concat(ids[..split].Select(before.Append));
            Assert.That(start + rest, Is.EqualTo(whole));
        }
    }

    [TestCase("llama2", "tokenizer.json", new[] { 243, 162, 169, 156 }, new[] { "", "", "", "🦙" })]
    [TestCase("llama2", "tokenizer.model", new[] { 243, 162, 169, 156 }, new[] { "", "", "", "🦙" })]
    [TestCase("llama2", "tokenizer.json", new[] { 243, 162, 15043 }, new[] { "", "", "�� Hello" })]
    [TestCase("llama2", "tokenizer.json", new[] { 29871, 29871, 15043, 1, 15043 }, new[] { "", " ", " Hello", "", " Hello" })]
    public void What_is_shown_when(string name, string file, int[] ids, string[] shown)
    {
        TokenDecoder decoder = Tokenizer.Load(SharedData.Path("tokenizers", name, file)).CreateDecoder();
        Assert.That(ids.Select(decoder.Append), Is.EqualTo(shown));
    }

    [TestCase("llama2", new[] { 243, 162 }, "��", Description = "SentencePiece: one for each byte")]
    [TestCase("llama3", new[] { 172, 253, 99 }, "�", Description = "byte level: one for the part of a character")]
    public void Half_a_character_at_the_end_is_flushed_as_replacement(string name, int[] ids, string expected)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path("tokenizers", name));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo(expected));
    }

    private static string Joined(Tokenizer tokenizer, int[] ids)
    {
        TokenDecoder decoder = tokenizer.CreateDecoder();
        return string.Concat(ids.Select(decoder.Append).ToArray()) + decoder.Flush();
    }
}
