using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sequoia.Training.Storage;

namespace Sequoia.Training.Tokenization;

/// <summary>Hugging Face's <c>tokenizer.json</c>, in exactly the form that Llama 2's has.</summary>
internal static class TokenizerFile
{
    // Pieces stay readable: the mark is written as itself, not as an escape.
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(string path, Vocabulary vocabulary)
    {
        var vocab = new JsonObject();
        for (int id = 0; id < vocabulary.Pieces.Count; id++) vocab[vocabulary.Pieces[id]] = id;
        var merges = new JsonArray();
        foreach ((string left, string right) in vocabulary.Merges) merges.Add($"{left} {right}");
        var root = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([Added(0, "<unk>"), Added(1, "<s>"), Added(2, "</s>")]),
            ["normalizer"] = Sequence("normalizers", Step("Prepend", ("prepend", "▁")), Replace(" ", "▁")),
            ["pre_tokenizer"] = null,
            ["post_processor"] = new JsonObject
            {
                ["type"] = "TemplateProcessing",
                ["single"] = new JsonArray([Special(0), Input("A", 0)]),
                ["pair"] = new JsonArray([Special(0), Input("A", 0), Special(1), Input("B", 1)]),
                ["special_tokens"] = new JsonObject
                {
                    ["<s>"] = new JsonObject
                    {
                        ["id"] = "<s>",
                        ["ids"] = new JsonArray(Vocabulary.Start),
                        ["tokens"] = new JsonArray("<s>"),
                    },
                },
            },
            ["decoder"] = Sequence("decoders", Replace("▁", " "), Step("ByteFallback"), Step("Fuse"), Strip()),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = "<unk>",
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["vocab"] = vocab,
                ["merges"] = merges,
            },
        };
        AtomicFile.WriteText(path, root.ToJsonString(Readable) + "\n");
    }

    public static Vocabulary Read(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"{path} is missing: run `tokenizer` first.");
        JsonNode model = JsonNode.Parse(File.ReadAllText(path))!["model"]!;
        JsonObject vocab = model["vocab"]!.AsObject();
        var pieces = new string[vocab.Count];
        foreach ((string piece, JsonNode? id) in vocab) pieces[(int)id!] = piece;
        var merges = new List<(string, string)>();
        foreach (JsonNode? merge in model["merges"]!.AsArray())
        {
            string[] parts = ((string)merge!).Split(' ');
            merges.Add((parts[0], parts[1]));
        }

        return new Vocabulary(pieces, merges);
    }

    private static JsonObject Added(int id, string content) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    private static JsonObject Sequence(string name, params JsonNode[] steps) =>
        new() { ["type"] = "Sequence", [name] = new JsonArray(steps) };

    private static JsonObject Step(string type, params (string Name, string Value)[] values)
    {
        var step = new JsonObject { ["type"] = type };
        foreach ((string name, string value) in values) step[name] = value;
        return step;
    }

    private static JsonObject Replace(string from, string to) => new()
    {
        ["type"] = "Replace",
        ["pattern"] = new JsonObject { ["String"] = from },
        ["content"] = to,
    };

    private static JsonObject Strip() =>
        new() { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 };

    private static JsonObject Special(int type) =>
        new() { ["SpecialToken"] = new JsonObject { ["id"] = "<s>", ["type_id"] = type } };

    private static JsonObject Input(string id, int type) =>
        new() { ["Sequence"] = new JsonObject { ["id"] = id, ["type_id"] = type } };
}
