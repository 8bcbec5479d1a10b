using Sequoia.Cli.Offload;

namespace Sequoia.Native.Benchmarks;

/// <summary>
/// The pair of TinyLlama's shape (1.1 B parameters, BF16) that measurements.md uses: with more noise than the demonstration pair, the draft, the
/// target's first layers, agrees with the target about two times in three.
/// </summary>
internal static class SyntheticPair
{
    public static async Task WriteAsync(string folder, string tokenizer, int draftLayers)
    {
        var shape = ModelShape.Find("--shape", "tinyllama");
        await WriteModelAsync(Path.Combine(folder, "target"), tokenizer, shape);
        await WriteModelAsync(Path.Combine(folder, "draft"), tokenizer, shape with { Layers = draftLayers });
    }

    private static async Task WriteModelAsync(string folder, string tokenizer, ModelShape shape)
    {
        Directory.CreateDirectory(folder);
        File.Copy(tokenizer, Path.Combine(folder, Path.GetFileName(tokenizer)), overwrite: true);
        var model = new SyntheticModel(shape) { OutputDeviation = 0.001f };
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), model.Config().ToJsonString());
        foreach (SyntheticFile file in model.Files(folder))
            await file.WriteAsync(_ => { }, CancellationToken.None);
    }
}
