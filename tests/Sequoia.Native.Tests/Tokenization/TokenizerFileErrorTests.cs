using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace Sequoia.Native.Tests.Tokenization;

/// <summary>Files that cannot be used give one line that says what is wrong with them, and nothing else.</summary>
public class TokenizerFileErrorTests
{
    [TestCase("normalizer", """{"type": "NFKC"}""", "normalizer.type: \"NFKC\" is not supported")]
    [TestCase("normalizer", """{"type": "Sequence", "normalizers": [{"type": "Lowercase"}]}""", "normalizer.normalizers[0].type: \"Lowercase\"")]
    [TestCase("normalizer", """{"type": "Replace", "pattern": {"Regex": "x"}, "content": ""}""", "normalizer.pattern.Regex")]
    [TestCase("normalizer", "7", "normalizer: must be an object, not 7")]
    [TestCase("pre_tokenizer", """{"type": "Whitespace"}""", "pre_tokenizer.type: \"Whitespace\" is not supported")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}""", "pre_tokenizer.pattern: is not a usable regular expression")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "MergedWithNext"}""", "\"MergedWithNext\" is not supported")]
    [TestCase("pre_tokenizer", """{"type": "Metaspace", "replacement": "__"}""", "pre_tokenizer.replacement")]
    [TestCase("decoder", """{"type": "WordPiece"}""", "decoder.type: \"WordPiece\" is not supported")]
    [TestCase("decoder", "null", "decoder: is missing")]
    [TestCase("added_tokens", """[{"id": 1, "content": "<unk>"}]""", "added_tokens[0].id: \"<unk>\" has id 1 here but 0 elsewhere")]
    [TestCase("added_tokens", """[{"id": 1, "content": "new"}]""", "id 1 belongs to both")]
    [TestCase("added_tokens", """[{"id": 2000000000, "content": "new"}]""", "id 2000000000, which is not in 0..")]
    [TestCase("added_tokens", """[{"id": -1, "content": "new"}]""", "id -1, which is not in 0..")]
    [TestCase("added_tokens", """[{"id": 1.5, "content": "new"}]""", "added_tokens[0].id: must be a whole number")]
    [TestCase("added_tokens", """["x"]""", "added_tokens[0]: must be an object")]
    [TestCase("model", "null", "model: is missing")]
    public void A_section_that_is_not_supported_is_named(string key, string value, string message)
    {
        JsonNode json = SmallTokenizerJson.Llama2Style();
        json[key] = JsonNode.Parse(value);
        AssertRefused("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()), message);
    }

    [TestCase("type", "\"Unigram\"", "model.type: \"Unigram\" is not supported")]
    [TestCase("dropout", "0.1", "model.dropout")]
    [TestCase("continuing_subword_prefix", "\"##\"", "model.continuing_subword_prefix")]
    [TestCase("unk_token", "\"absent\"", "model.unk_token: \"absent\" is not in model.vocab")]
    [TestCase("byte_fallback", "1", "model.byte_fallback: must be true or false")]
    [TestCase("vocab", """{"a": 0, "b": 0}""", "merges[0]")]
    [TestCase("vocab", """{"a": "x"}""", "the id of \"a\" must be a whole number")]
    [TestCase("merges", """["a b", "a x"]""", "merges[1]: piece \"ax\" is not in model.vocab")]
    [TestCase("merges", """["ab"]""", "merges[0]: must be")]
    [TestCase("merges", """["a b c"]""", "merges[0]: must be")]
    [TestCase("merges", """[["a"]]""", "merges[0]: must be")]
    [TestCase("merges", "null", "model.merges: is missing")]
    public void A_model_setting_that_is_not_supported_is_named(string key, string value, string message)
    {
        JsonNode json = SmallTokenizerJson.Llama2Style();
        json["model"]![key] = JsonNode.Parse(value);
        AssertRefused("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()), message);
    }

    [TestCase("", "is not valid JSON")]
    [TestCase("{\"model\": ", "is not valid JSON")]
    [TestCase("[]", "must hold a JSON object")]
    [TestCase("{\"model\": {\"vocab\": {\"\\ud800\": 1}}}", "not valid text")]
    public void Text_that_is_no_tokenizer_is_refused(string content, string message) =>
        AssertRefused("tokenizer.json", Encoding.UTF8.GetBytes(content), message);

    [Test]
    public void A_piece_that_comes_twice_is_refused() =>
        AssertRefused("tokenizer.json", """{"model": {"vocab": {"a": 0, "a": 1}, "merges": []}}"""u8.ToArray(), "\"a\" comes twice");

    [Test]
    public void Invalid_utf8_is_refused() => AssertRefused("tokenizer.json", [(byte)'{', (byte)'"', 0xFF, (byte)'"'], "is not valid UTF-8");

    [Test]
    public void A_pattern_that_backtracks_without_end_is_stopped()
    {
        JsonNode json = SmallTokenizerJson.Llama2Style();
        json["pre_tokenizer"] = JsonNode.Parse("""{"type": "Split", "pattern": {"Regex": "(?=a)(a+)+$"}, "behavior": "Isolated"}""");
        Tokenizer tokenizer = SmallTokenizerJson.Load(json);
        Assert.That(() => tokenizer.Encode(new string('a', 100) + "b"), Throws.TypeOf<ModelFileException>().With.Message.Contain("pre_tokenizer"));
    }

    [TestCase("GGUF....", "is a GGUF file")]
    [TestCase("IQ== 0\nIg== 1\n", "is a tiktoken rank file")]
    [TestCase("hello", "is not a whole SentencePiece model")]
    [TestCase("", "holds no pieces")]
    public void Other_formats_are_recognised_or_refused(string content, string message) =>
        AssertRefused("tokenizer.model", Encoding.UTF8.GetBytes(content), message);

    [Test]
    public void A_missing_file_or_an_empty_folder_is_named()
    {
        using var folder = new TemporaryFolder();
        Assert.That(() => Tokenizer.Load(folder.Path), Throws.TypeOf<ModelFileException>().With.Message.Contain("neither tokenizer.json nor tokenizer.model"));
        Assert.That(() => Tokenizer.Load(folder.Path + "/none"), Throws.TypeOf<ModelFileException>().With.Message.Contain("no such file"));
    }

    [Test]
    public void Damaged_json_gives_no_other_exception()
    {
        byte[] good = Encoding.UTF8.GetBytes(SmallTokenizerJson.Llama2Style().ToJsonString());
        AssertNothingElseIsThrown("tokenizer.json", good);
    }

    [Test]
    public void Damaged_sentencepiece_gives_no_other_exception() =>
        AssertNothingElseIsThrown("tokenizer.model", File.ReadAllBytes(SharedData.Path("stories260K", "hf", "tokenizer.model")));

    private static void AssertNothingElseIsThrown(string name, byte[] good)
    {
        using var folder = new TemporaryFolder();
        Gen<(int, byte)[]> changes = Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Array[0, 4];
        Gen.Select(changes, Gen.Int[0, good.Length], Gen.Bool).Sample((edits, length, cut) =>
        {
            byte[] bad = good[..(cut ? length : good.Length)];
            foreach ((int at, byte value) in edits)
            {
                if (at < bad.Length)
                    bad[at] = value;
            }
            try
            {
                var tokenizer = Tokenizer.Load(folder.Write(name, bad));
                tokenizer.Decode(tokenizer.Encode("Once upon a time <s> 🌲"));
            }
            catch (ModelFileException e)
            {
                Assert.That(e.Message, Does.Not.Contain('\n'));
            }
        }, iter: 3000, threads: 1);
    }

    private static void AssertRefused(string name, byte[] content, string message)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write(name, content);
        ModelFileException? error = Assert.Throws<ModelFileException>(() => Tokenizer.Load(file));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Message, Does.StartWith(file + ": ").And.Contain(message));
            Assert.That(error.Message, Does.Not.Contain('\n'));
        }
    }
}
