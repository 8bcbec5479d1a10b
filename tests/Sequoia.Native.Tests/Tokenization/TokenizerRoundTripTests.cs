using System.Text;
using System.Text.RegularExpressions;

namespace Sequoia.Native.Tests.Tokenization;

public class TokenizerRoundTripTests
{
    private static readonly string[][] Files =
    [
        ["tokenizers", "llama2", "tokenizer.json"],
        ["tokenizers", "llama2", "tokenizer.model"],
        ["tokenizers", "llama3", "tokenizer.json"],
        ["tokenizers", "openllama", "tokenizer.model"],
        ["tokenizers", "tinystories8192", "tokenizer.model"],
        ["stories260K", "hf", "tokenizer.model"],
    ];

    [TestCaseSource(nameof(Files))]
    public void Text_survives(params string[] file)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path(file));
        string text = File.ReadAllText(SharedData.Path("text", "tinystories.txt"))[..100_000] + " 🌲 セコイア. Ünïcödé, Đặng!";
        // SentencePiece models with remove_extra_whitespaces join runs of spaces, and drop those at the ends.
        text = Regex.Replace(text, " +", " ").Trim(' ').Replace("<|endoftext|>", "", StringComparison.Ordinal);

        int[] ids = tokenizer.Encode(text);

        Assert.That(ids, Is.All.InRange(0, tokenizer.VocabularySize - 1));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo(text));
    }

    [TestCase("llama2", "tokenizer.json")]
    [TestCase("llama2", "tokenizer.model")]
    [TestCase("llama3", "tokenizer.json")]
    public void Long_texts_without_a_break_take_no_quadratic_time(string name, string file)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path("tokenizers", name, file));
        string text = new StringBuilder().Insert(0, "abcabd", 100_000).ToString();
        int[] ids = [];
        Assert.That(ThreadTime.Of(() => ids = tokenizer.Encode(text)), Is.LessThan(TimeSpan.FromSeconds(20)), "600,000 letters");
        Assert.That(tokenizer.Decode(ids), Is.EqualTo(text));
    }

    [TestCase("openllama", "  two  spaces   inside  ", ExpectedResult = "two spaces inside")]
    [TestCase("llama2", "  two  spaces   inside  ", ExpectedResult = "  two  spaces   inside  ")]
    public string White_space_is_treated_as_the_model_file_says(string name, string text)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path("tokenizers", name, "tokenizer.model"));
        return tokenizer.Decode(tokenizer.Encode(text));
    }

    [TestCase("tokenizer.json")]
    [TestCase("tokenizer.model")]
    public void Special_tokens_in_the_text_become_their_ids(string file)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path("tokenizers", "llama2", file));
        Assert.That(tokenizer.Encode("<s>Hi</s>"), Is.EqualTo((int[])[1, 6324, 2]));
    }

    [Test]
    public void Half_surrogates_are_encoded_as_replacement_characters()
    {
        var tokenizer = Tokenizer.Load(SharedData.Path("tokenizers", "llama3"));
        Assert.That(tokenizer.Encode("a\ud83e b"), Is.EqualTo(tokenizer.Encode("a\ufffd b")));
    }
}
