using Sequoia.Training.Tokenization;

namespace Sequoia.Training.Tests;

internal sealed class TokenizationTests
{
    private const string Text =
        "Once upon a time, there was a cat. \"It's mine!\" said the cat.\nThe dog didn't like that cat... 'Then,' it said, 'go!'";

    private static Vocabulary Learn(int pieces)
    {
        var words = new Dictionary<string, long>();
        foreach (string word in WordSplitter.Split(WordSplitter.Normalize(Text)))
            words[word] = words.GetValueOrDefault(word) + 1;
        HashSet<char> alphabet = [.. Text.Replace(' ', WordSplitter.Mark).Replace("\n", "", StringComparison.Ordinal)];
        return new Vocabulary(BpeTrainer.Train(words, alphabet, pieces), alphabet);
    }

    [TestCase("a cat", "▁a|▁cat")]
    [TestCase("didn't \"No!\"", "▁didn|'t|▁\"|No|!\"")]
    [TestCase("in 1910\nThe", "▁in|▁|1|9|1|0|\n|The")]
    [TestCase("a  b", "▁a|▁|▁b")]
    public void Splits_words(string text, string words) =>
        Assert.That(string.Join('|', WordSplitter.Split(WordSplitter.Normalize(text))), Is.EqualTo(words));

    [Test]
    public void The_most_frequent_pair_is_merged_first()
    {
        var merges = BpeTrainer.Train(new Dictionary<string, long> { ["abab"] = 3, ["bc"] = 5 }, new HashSet<char>("abc"), 3);
        Assert.That(merges, Is.EqualTo(new[] { ("a", "b"), ("b", "c"), ("ab", "ab") }));
    }

    [TestCase(Text)]
    [TestCase("''Tis a cat's \"cat\"; the  cat\n\n cats' 12 catalogue")]
    [TestCase("café 🦙 the")]
    public void Word_by_word_equals_the_whole_text(string text)
    {
        var encoder = new BpeEncoder(Learn(40));
        Assert.That(encoder.Encode(text), Is.EqualTo(encoder.EncodeWord(WordSplitter.Normalize(text))));
    }

    [TestCase(Text)]
    [TestCase("  two spaces, café 🦙\n")]
    public void Decoding_gives_the_text_back(string text)
    {
        var encoder = new BpeEncoder(Learn(40));
        Assert.That(encoder.Decode(encoder.Encode(text)), Is.EqualTo(text));
    }

    [Test]
    public void A_newline_is_one_byte_piece() =>
        Assert.That(new BpeEncoder(Learn(10)).EncodeWord("\n"), Is.EqualTo(new[] { Vocabulary.FirstByte + '\n' }));

    [Test]
    public void The_file_reads_back_as_written()
    {
        Vocabulary vocabulary = Learn(40);
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, "tokenizer-test.json");
        TokenizerFile.Write(path, vocabulary);
        Vocabulary read = TokenizerFile.Read(path);
        File.Delete(path);
        Assert.That(read.Pieces, Is.EqualTo(vocabulary.Pieces));
        Assert.That(read.Merges, Is.EqualTo(vocabulary.Merges));
    }
}
