using System.Text.Json.Nodes;

namespace Sequoia.Native.Tests.Tokenization;

/// <summary>A tokenizer.json of a few pieces, of Llama 2's kind, for tests to bend.</summary>
internal static class SmallTokenizerJson
{
    public static JsonNode Llama2Style()
    {
        var vocabulary = new JsonObject { ["<unk>"] = 0, ["<s>"] = 1, ["</s>"] = 2 };
        for (int value = 0; value < 256; value++)
            vocabulary[$"<0x{value:X2}>"] = vocabulary.Count;
        foreach (string piece in (string[])["▁", "a", "b", "c", "ab", "▁ab", "bc", "abc"])
            vocabulary[piece] = vocabulary.Count;
        JsonNode json = JsonNode.Parse("""
            {
              "added_tokens": [
                {"id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
                {"id": 1, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
                {"id": 2, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
              ],
              "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
              "pre_tokenizer": null,
              "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
              "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
                "merges": ["a b", "▁ ab", "b c", "ab c"]}
            }
            """)!;
        json["model"]!["vocab"] = vocabulary;
        return json;
    }

    /// <summary>The same vocabulary under the newer Metaspace form.</summary>
    public static JsonNode MetaspaceStyle(string scheme, bool split)
    {
        JsonNode json = Llama2Style();
        json["normalizer"] = null;
        json["pre_tokenizer"] = JsonNode.Parse($$"""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "{{scheme}}", "split": {{(split ? "true" : "false")}}}""");
        return json;
    }

    public static Tokenizer Load(JsonNode json)
    {
        using var folder = new TemporaryFolder();
        return Tokenizer.Load(folder.Write("tokenizer.json", json.ToJsonString()));
    }
}
