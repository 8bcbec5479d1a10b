using System.Text.Json.Nodes;
using Sequoia.Cli.Bench;
using Sequoia.Native;

namespace Sequoia.Cli.Offload;

/// <summary>A target and a draft for demonstrations, which any machine can write.</summary>
/// <param name="Name">The name in the command.</param>
/// <param name="Target">The target.</param>
/// <param name="Draft">The draft; it has the target's embedding and head, or their first columns.</param>
/// <param name="Acceptance">The measured acceptance vector.</param>
/// <param name="Steps">The steps of that measurement.</param>
internal sealed record DemoPair(string Name, SyntheticModel Target, SyntheticModel Draft, double[] Acceptance, int Steps)
{
    /// <summary>The temperature at which the acceptance was measured.</summary>
    public const float Temperature = 0.6f;

    /// <summary>All pairs.</summary>
    public static IReadOnlyList<DemoPair> All { get; } = [Of1B(), Of13B()];

    /// <summary>The most bytes of a file of weights.</summary>
    public long ShardBytes { get; init; } = SyntheticModel.ShardBytes;

    /// <summary>The pair with a name.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="name">The name.</param>
    /// <exception cref="InvalidInputException">The name is not known.</exception>
    public static DemoPair Find(string option, string name) =>
        All.FirstOrDefault(pair => pair.Name == name) ?? throw new InvalidInputException($"{option} {name}: must be one of {string.Join(", ", All.Select(pair => pair.Name))}");

    /// <summary>What acceptance.json says beside the vector.</summary>
    public JsonObject Provenance() => new()
    {
        ["target"] = $"demonstration target {Name}",
        ["draft"] = $"demonstration draft {Name}",
        ["temperature"] = Temperature,
        ["steps"] = Steps,
    };

    // The draft is the target's first two layers. Acceptance: `sequoia measure acceptance --prompts models/prompts.jsonl --max-prompts 16 --max-tokens 50`
    // with these models; p1 has a standard error of 1.1 %. Ranks from 6 on were accepted 0 to 2 times each, so their mean is used.
    private static DemoPair Of1B()
    {
        var shape = ModelShape.Find("--size", "tinyllama");
        var target = new SyntheticModel(shape) { OutputDeviation = 0.0005f };
        return new DemoPair("1b", target, target with { Shape = shape with { Layers = 2 } }, [0.855, 0.079, 0.029, 0.0125, 0.0075, .. Enumerable.Repeat(0.0006, 27)], 800);
    }

    // Only the first 1,024 columns of the target hold the embedding. The draft has just these columns, so before the last norm both have the same
    // numbers, but for the noise. The mean of squares is taken over the width, which the draft's last norm makes up for: sqrt(5120 / 1024) in BF16.
    // The deviations give the products of the pair 1b: their standard deviation grows with the root of the width. Acceptance: as above, but 26 prompts,
    // and with a target of 4 layers whose o and down have sqrt(10) times the deviation, so that the noise has the same variance (1,220 steps; p1 has a
    // standard error of 1.0 %).
    private static DemoPair Of13B()
    {
        var shape = ModelShape.Find("--size", "llama2-13b");
        var target = new SyntheticModel(shape) { OutputDeviation = 0.0001f, InputDeviation = 0.0125f, HeadDeviation = 0.0625f, EmbeddedColumns = 1024 };
        return new DemoPair("13b", target, target with
        {
            Shape = new ModelShape("demo-draft", 1024, 2816, 1, 8, 8, 128, shape.Vocabulary, shape.Context),
            FinalNorm = 2.234375f,
        }, [0.843, 0.089, 0.026, 0.013, 0.01, 0.004, 0.003, 0.003, 0.003, .. Enumerable.Repeat(0.00026, 23)], 1220);
    }
}
