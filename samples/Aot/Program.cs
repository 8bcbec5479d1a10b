using System.Text.Json;
using System.Text.Json.Serialization;
using Sequoia.Native;

// Published ahead of time, this is one native file beside its models. It writes a text's chunks as lines of JSON.
string models = Path.Combine(AppContext.BaseDirectory, "models");
using LanguageModel target = LanguageModel.Load(Path.Combine(models, "target"));
using LanguageModel draft = LanguageModel.Load(Path.Combine(models, "draft"));
using var generator = new TextGenerator(target, draft);
var options = new GenerationOptions { Temperature = 0, MaxTokens = 120 };
await foreach (GenerationChunk chunk in generator.GenerateAsync(args.Length > 0 ? string.Join(' ', args) : "Once upon a time", options))
    Console.WriteLine(JsonSerializer.Serialize(chunk, ChunkJson.Default.GenerationChunk));

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(GenerationChunk))]
internal sealed partial class ChunkJson : JsonSerializerContext;
