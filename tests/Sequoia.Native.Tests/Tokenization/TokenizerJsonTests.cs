using System.Text.Json.Nodes;

namespace Sequoia.Native.Tests.Tokenization;

public class TokenizerJsonTests
{
    private const int Space = 259, A = 260, B = 261, Ab = 263, SpaceAb = 264, Bc = 265;

    [Test]
    public void Llama2_form_prepends_a_space_after_each_added_token()
    {
        Tokenizer tokenizer = SmallTokenizerJson.Load(SmallTokenizerJson.Llama2Style());
        Assert.That(tokenizer.Encode("ab<s>ab"), Is.EqualTo((int[])[SpaceAb, 1, SpaceAb]));
        Assert.That(tokenizer.Encode(""), Is.Empty);
        Assert.That(tokenizer.Decode([SpaceAb, 1, SpaceAb]), Is.EqualTo("ab ab"));
    }

    [TestCase("first", "ab<s>ab", new[] { SpaceAb, 1, Ab })]
    [TestCase("always", "ab<s>ab", new[] { SpaceAb, 1, SpaceAb })]
    [TestCase("never", "ab<s>ab", new[] { Ab, 1, Ab })]
    [TestCase("first", " ab", new[] { SpaceAb }, Description = "a space that is there is not doubled")]
    public void Metaspace_form_prepends_by_scheme(string scheme, string text, int[] ids) =>
        Assert.That(SmallTokenizerJson.Load(SmallTokenizerJson.MetaspaceStyle(scheme, split: false)).Encode(text), Is.EqualTo(ids));

    [Test]
    public void Metaspace_split_keeps_merges_inside_words()
    {
        JsonNode json = SmallTokenizerJson.MetaspaceStyle("never", split: true);
        json["model"]!["vocab"]!["b▁"] = 300;
        json["model"]!["merges"] = new JsonArray("b ▁", "a b");
        Assert.That(SmallTokenizerJson.Load(json).Encode("ab ab"), Is.EqualTo((int[])[Ab, Space, Ab]));
        json["pre_tokenizer"]!["split"] = false;
        Assert.That(SmallTokenizerJson.Load(json).Encode("ab ab"), Is.EqualTo((int[])[A, 300, Ab]));
    }

    [TestCase("always", "ab ab")]
    [TestCase("never", " ab ab")]
    public void Metaspace_decoder_drops_the_first_space_by_scheme(string scheme, string text)
    {
        JsonNode json = SmallTokenizerJson.MetaspaceStyle(scheme, split: true);
        json["decoder"] = JsonNode.Parse($$"""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "{{scheme}}"}""");
        Assert.That(SmallTokenizerJson.Load(json).Decode([1, SpaceAb, SpaceAb]), Is.EqualTo(text));
    }

    [Test]
    public void Merges_as_pairs_equal_merges_as_strings()
    {
        JsonNode json = SmallTokenizerJson.Llama2Style();
        json["model"]!["merges"] = JsonNode.Parse("""[["a","b"],["▁","ab"],["b","c"],["ab","c"]]""");
        Tokenizer pairs = SmallTokenizerJson.Load(json);
        Tokenizer strings = SmallTokenizerJson.Load(SmallTokenizerJson.Llama2Style());
        Assert.That(pairs.Encode("abcab bc"), Is.EqualTo(strings.Encode("abcab bc")));
        Assert.That(pairs.Encode("bc"), Is.EqualTo((int[])[Space, Bc]));
        Assert.That(pairs.SameVocabulary(strings), Is.True);
    }

    [TestCase("""{"lstrip": true}""", "a  <x> b", new[] { Space, A, 300, Space, Space, B })]
    [TestCase("""{"rstrip": true}""", "a <x>  b", new[] { Space, A, Space, 300, Space, B })]
    [TestCase("""{"single_word": true}""", "a<x>", new[] { Space, A, 63, 123, 65 })]
    [TestCase("""{"single_word": true}""", "<x>", new[] { 300 })]
    [TestCase("""{}""", "<x><x>", new[] { 300, 300 })]
    public void Added_tokens_obey_their_switches(string switches, string text, int[] ids)
    {
        JsonNode json = SmallTokenizerJson.Llama2Style();
        JsonObject token = JsonNode.Parse(switches)!.AsObject();
        token["id"] = 300;
        token["content"] = "<x>";
        token["normalized"] = false;
        json["added_tokens"]!.AsArray().Add(token);
        Assert.That(SmallTokenizerJson.Load(json).Encode(text), Is.EqualTo(ids));
    }

    [Test]
    public void The_longest_added_token_wins()
    {
        JsonNode json = SmallTokenizerJson.Llama2Style();
        json["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id": 300, "content": "<x", "normalized": false}"""));
        json["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id": 301, "content": "<x><x", "normalized": false}"""));
        Assert.That(SmallTokenizerJson.Load(json).Encode("<x><x"), Is.EqualTo((int[])[301]));
    }

    [Test]
    public void A_character_without_a_piece_is_unknown_once_where_there_is_no_byte_fallback()
    {
        JsonNode json = SmallTokenizerJson.Llama2Style();
        json["model"]!["byte_fallback"] = false;
        Assert.That(SmallTokenizerJson.Load(json).Encode("a🦙éb"), Is.EqualTo((int[])[Space, A, 0, B]));
    }

    [TestCase("""{"bos_token": {"content": "</s>"}, "eos_token": "<s>"}""", 2, 1)]
    [TestCase("""{"bos_token": null}""", null, 2)]
    [TestCase("""{"bos_token": "<absent>"}""", null, 2)]
    public void The_config_beside_it_names_bos_and_eos(string config, int? bos, int? eos)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", SmallTokenizerJson.Llama2Style().ToJsonString());
        folder.Write("tokenizer_config.json", config);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.That((tokenizer.BosId, tokenizer.EosId), Is.EqualTo((bos, eos)));
    }

    [Test]
    public void Byte_level_words_are_cut_by_the_pattern_of_the_file()
    {
        JsonNode json = SmallTokenizerJson.Llama2Style();
        json["normalizer"] = null;
        json["pre_tokenizer"] = JsonNode.Parse("""
            {"type": "Sequence", "pretokenizers": [
              {"type": "Split", "pattern": {"Regex": "[ab]"}, "behavior": "Isolated", "invert": false},
              {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
            """);
        json["decoder"] = JsonNode.Parse("""{"type": "ByteLevel"}""");
        Assert.That(SmallTokenizerJson.Load(json).Encode("ab"), Is.EqualTo((int[])[A, B]), "the pattern keeps a and b apart");
    }
}
