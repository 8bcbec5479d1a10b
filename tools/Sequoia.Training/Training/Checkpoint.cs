using System.Globalization;
using System.Text.Json;
using Sequoia.Training.Corpus;
using Sequoia.Training.Modelling;
using Sequoia.Training.Storage;
using static TorchSharp.torch;

namespace Sequoia.Training.Training;

/// <summary>
/// One safetensors file that holds a whole run: weights and optimizer state of both models, and in its metadata
/// the shapes, the step, the time spent and where the sampler stands. Nothing else is random after the start.
/// </summary>
internal sealed record Checkpoint(LlamaShape Target, LlamaShape Draft, long Step, long Tokens, double Seconds, BatchSamplerState Sampler)
{
    public const string TargetPrefix = "target.";
    public const string DraftPrefix = "draft.";

    public static string PathIn(string folder) => Path.Combine(folder, "checkpoint.safetensors");

    public void Write(string folder, IEnumerable<(string Name, Tensor Value)> state) =>
        Safetensors.Write(PathIn(folder), state, bfloat16: false, new Dictionary<string, string>
        {
            ["target"] = JsonSerializer.Serialize(Target),
            ["draft"] = JsonSerializer.Serialize(Draft),
            ["step"] = Step.ToString(CultureInfo.InvariantCulture),
            ["tokens"] = Tokens.ToString(CultureInfo.InvariantCulture),
            ["seconds"] = Seconds.ToString(CultureInfo.InvariantCulture),
            ["sampler"] = JsonSerializer.Serialize(Sampler),
        });

    public static (Checkpoint Checkpoint, Dictionary<string, Tensor> State) Read(string folder)
    {
        (Dictionary<string, Tensor> state, Dictionary<string, string> notes) = Safetensors.Read(PathIn(folder));
        var checkpoint = new Checkpoint(
            JsonSerializer.Deserialize<LlamaShape>(notes["target"])!,
            JsonSerializer.Deserialize<LlamaShape>(notes["draft"])!,
            long.Parse(notes["step"], CultureInfo.InvariantCulture),
            long.Parse(notes["tokens"], CultureInfo.InvariantCulture),
            double.Parse(notes["seconds"], CultureInfo.InvariantCulture),
            JsonSerializer.Deserialize<BatchSamplerState>(notes["sampler"])!);
        return (checkpoint, state);
    }

    /// <summary>One model's weights out of a whole run's state.</summary>
    public static Dictionary<string, Tensor> Weights(LlamaShape shape, IReadOnlyDictionary<string, Tensor> state, string prefix) =>
        shape.Tensors().ToDictionary(t => t.Name, t => state[prefix + t.Name]);
}
