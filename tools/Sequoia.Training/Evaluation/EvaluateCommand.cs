using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sequoia.Training.Corpus;
using Sequoia.Training.Modelling;
using Sequoia.Training.Storage;
using Sequoia.Training.Tokenization;
using Sequoia.Training.Training;

namespace Sequoia.Training.Evaluation;

/// <summary><c>evaluate</c>: the figures of the model card, from the exported pair and held-out text.</summary>
internal static class EvaluateCommand
{
    // The start token and about eight words; one length for all, so that they are continued as one batch.
    private const int PromptLength = 11;

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    public static int Run(Arguments arguments)
    {
        string folder = arguments.Text("out", "out/training");
        string models = arguments.Text("models", "models");
        string text = arguments.Text("text", "../shared/data/text");
        int promptCount = arguments.Integer("prompts", 50);
        int tokens = arguments.Integer("tokens", 150);
        int storyTokens = arguments.Integer("story-tokens", 400);
        int documents = arguments.Integer("documents", 40);
        ComputeDevice.Use(arguments);
        arguments.RejectUnknown();

        Llama target = ModelFolder.Read(Path.Combine(models, "target")), draft = ModelFolder.Read(Path.Combine(models, "draft"));
        var encoder = new BpeEncoder(TokenizerFile.Read(Path.Combine(models, "target", "tokenizer.json")));
        TokenStore store = TokenStore.Open(folder);
        HashSet<string> known = KnownWords(text);
        List<long[]> prompts = Prompts(store, promptCount);

        var generated = new JsonObject();
        foreach (double temperature in new[] { 0, 0.6, 1 })
        {
            List<long[]> texts = Generator.Continue(target, prompts, tokens, temperature, seed: 1);
            string[] told = [.. texts.Select(t => encoder.Decode(t.Skip(PromptLength).Select(id => (int)id)))];
            generated[$"temperature {temperature:0.0}"] = new JsonObject
            {
                ["tokens"] = texts.Sum(t => t.Length - PromptLength),
                ["ended"] = texts.Count(t => t[^1] == Vocabulary.End),
                ["knownWords"] = Rounded(TextQuality.KnownWords(told, known)),
                ["repeatedFourGrams"] = Rounded(TextQuality.RepeatedFourGrams(told)),
                ["agreement"] = Rounded(Agreement.Measure(target, draft, texts, PromptLength, temperature)),
            };
        }

        var result = new JsonObject
        {
            ["prompts"] = prompts.Count,
            ["newTokens"] = tokens,
            ["generated"] = generated,
            ["heldOutLossOfTarget"] = JsonSerializer.SerializeToNode(HeldOut.Losses(store, target, documents)),
            ["heldOutLossOfDraft"] = JsonSerializer.SerializeToNode(HeldOut.Losses(store, draft, documents)),
            ["heldOutAcceptance"] = JsonSerializer.SerializeToNode(HeldOut.Acceptance(store, target, draft, documents)),
            ["stories"] = Stories(target, encoder, Path.Combine(models, "prompts.jsonl"), storyTokens),
        };
        string json = result.ToJsonString(Format);
        Console.WriteLine(json);
        AtomicFile.WriteText(Path.Combine(folder, "evaluation.json"), json + "\n");
        return 0;
    }

    private static double Rounded(double value) => Math.Round(value, 4);

    private static HashSet<string> KnownWords(string text) =>
        [.. Source.All.SelectMany(s => CorpusReader.Read(text, s)).Where(d => !d.IsHeldOut).SelectMany(d => TextQuality.Words(d.Text))];

    // Taken in turns from the two kinds of text that the pair is meant for.
    private static List<long[]> Prompts(TokenStore store, int count) =>
        [.. Heads(store, "tinystories").Zip(Heads(store, "tinyfabulist")).SelectMany(h => new[] { h.First, h.Second }).Take(count)];

    private static IEnumerable<long[]> Heads(TokenStore store, string source) => store.Documents(source, heldOut: true)
        .Where(d => d.Length > PromptLength)
        .Select(d => d[..PromptLength].ToArray().Select(id => (long)id).ToArray());

    // The first five of the bundled prompts, never picked: what the model card shows.
    private static JsonArray Stories(Llama target, BpeEncoder encoder, string path, int tokens)
    {
        var stories = new JsonArray();
        if (!File.Exists(path)) return stories;
        int seed = 0;
        foreach (string line in File.ReadLines(path).Take(5))
        {
            string prompt = (string)JsonNode.Parse(line)!["prompt"]!;
            long[] ids = [Vocabulary.Start, .. encoder.Encode(prompt)];
            long[] told = Generator.Continue(target, [ids], tokens, temperature: 0.6, ++seed)[0];
            stories.Add(new JsonObject { ["prompt"] = prompt, ["seed"] = seed, ["text"] = encoder.Decode(told.Select(id => (int)id)) });
        }

        return stories;
    }
}
