using System.Globalization;

namespace Sequoia.Native.Tests.Tokenization;

/// <summary>Ids that others' tokenizers gave for 46 texts.</summary>
public class TokenizerVectorTests
{
    [TestCase("spm", "llama2", "tokenizer.json")]
    [TestCase("spm", "llama2", "tokenizer.model")]
    [TestCase("bpe", "llama3", "tokenizer.json")]
    public void Encode_gives_the_known_ids_and_decode_the_texts(string vectors, string name, string file)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path("tokenizers", name, file));
        (string[] texts, int[][] ids) = Read(vectors);

        Assert.That(texts, Has.Length.EqualTo(46));
        using (Assert.EnterMultipleScope())
        {
            for (int i = 0; i < texts.Length; i++)
            {
                Assert.That(tokenizer.Encode(texts[i]), Is.EqualTo(ids[i]), $"ids of text {i}: {texts[i]}");
                Assert.That(tokenizer.Decode(ids[i]), Is.EqualTo(texts[i]), $"text {i}");
            }
        }
    }

    [Test]
    public void Both_files_of_llama2_hold_one_vocabulary_and_llama3_another()
    {
        var json = Tokenizer.Load(SharedData.Path("tokenizers", "llama2", "tokenizer.json"));
        var spm = Tokenizer.Load(SharedData.Path("tokenizers", "llama2", "tokenizer.model"));
        var llama3 = Tokenizer.Load(SharedData.Path("tokenizers", "llama3"));
        var open = Tokenizer.Load(SharedData.Path("tokenizers", "openllama"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json.SameVocabulary(spm), Is.True);
            Assert.That(json.SameVocabulary(llama3), Is.False);
            Assert.That(spm.SameVocabulary(open), Is.False, "same size, other pieces");
            Assert.That((json.VocabularySize, json.BosId, json.EosId), Is.EqualTo((32000, 1, 2)));
            Assert.That((spm.VocabularySize, spm.BosId, spm.EosId), Is.EqualTo((32000, 1, 2)));
            Assert.That((llama3.VocabularySize, llama3.BosId, llama3.EosId), Is.EqualTo((128256, 128000, 128001)));
        }
    }

    [Test]
    public void Both_files_of_llama2_agree_on_prose()
    {
        var json = Tokenizer.Load(SharedData.Path("tokenizers", "llama2", "tokenizer.json"));
        var spm = Tokenizer.Load(SharedData.Path("tokenizers", "llama2", "tokenizer.model"));
        string text = File.ReadAllText(SharedData.Path("text", "andersen.txt"))[..300_000];
        Assert.That(json.Encode(text), Is.EqualTo(spm.Encode(text)));
    }

    [TestCase("llama2/tokenizer.json", "<s>", "</s>", "<unk>")]
    [TestCase("llama2/tokenizer.model", "<s>", "</s>", "<unk>")]
    [TestCase("llama3/tokenizer.json", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>")]
    [TestCase("openllama/tokenizer.model", "<s>", "</s>", "<unk>")]
    [TestCase("tinystories8192/tokenizer.model", "<s>", "</s>", "<unk>")]
    public void Special_tokens_in_a_text_are_text_if_one_asks_for_that(string file, params string[] special)
    {
        var tokenizer = Tokenizer.Load(SharedData.Path(["tokenizers", .. file.Split('/')]));
        int[] ids = [.. special.Select(text => tokenizer.Encode(text).Single())];
        foreach (string text in (string[])[.. special, "Say " + string.Concat(special) + " now.", special[1] + special[1]])
        {
            Assert.That(tokenizer.Encode(text).Intersect(ids), Is.Not.Empty);
            int[] asText = tokenizer.Encode(text, SpecialTokens.AsText);
            Assert.That(asText.Intersect(ids), Is.Empty, text);
            Assert.That(tokenizer.Decode(asText), Is.EqualTo(text));
        }
        Assert.That(tokenizer.Encode("A plain text.", SpecialTokens.AsText), Is.EqualTo(tokenizer.Encode("A plain text.")));
        Assert.That(() => tokenizer.Encode("x", (SpecialTokens)7), Throws.InstanceOf<ArgumentException>());
    }

    private static (string[] Texts, int[][] Ids) Read(string vectors)
    {
        string stem = SharedData.Path("vectors", "llama.cpp", $"ggml-vocab-llama-{vectors}.gguf.inp");
        string[] texts = File.ReadAllText(stem).Split("\n__ggml_vocab_test__\n")[..^1];
        string[] lines = File.ReadAllLines(System.IO.Path.ChangeExtension(stem, ".out"));
        int[][] ids = [.. lines.Select(line =>
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture)).ToArray())];
        return (texts, ids);
    }
}
