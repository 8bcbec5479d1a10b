using Sequoia.Native;

// Tells a story: the likeliest one, so it is the same on every machine. Arguments replace the story's beginning.
string prompt = args.Length > 0 ? string.Join(' ', args) : "Once upon a time";
string models = Path.Combine(AppContext.BaseDirectory, "models");
using LanguageModel target = LanguageModel.Load(Path.Combine(models, "target"));
using LanguageModel draft = LanguageModel.Load(Path.Combine(models, "draft"));
using var generator = new TextGenerator(target, draft);

Console.Write(prompt);
await foreach (GenerationChunk chunk in generator.GenerateAsync(prompt, new GenerationOptions { Temperature = 0 }))
{
    Console.Write(chunk.Text);
    if (chunk.Stats is { } stats)
        Console.WriteLine($"\n\n{stats.TokenCount} tokens, {stats.TokensPerSecond:F0} a second, {stats.TokensPerStep:F2} a step ({stats.Device})");
}
