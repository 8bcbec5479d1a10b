using System.Globalization;
using System.Text.Json;
using Sequoia.Training.Modelling;
using Sequoia.Training.Storage;
using static TorchSharp.torch;

namespace Sequoia.Training.Training;

/// <summary>
/// One safetensors file that holds a run: a model's weights and its optimizers' state, and in its metadata
/// the shape, the step, the time spent and where the sampler stands (as JSON).
/// </summary>
internal sealed record Checkpoint(LlamaShape Shape, long Step, long Tokens, double Seconds, string Sampler)
{
    public static string PathIn(string folder, string model) => Path.Combine(folder, model + ".safetensors");

    public void Write(string path, IEnumerable<(string Name, Tensor Value)> state) =>
        Safetensors.Write(path, state, bfloat16: false, new Dictionary<string, string>
        {
            ["shape"] = JsonSerializer.Serialize(Shape),
            ["step"] = Step.ToString(CultureInfo.InvariantCulture),
            ["tokens"] = Tokens.ToString(CultureInfo.InvariantCulture),
            ["seconds"] = Seconds.ToString(CultureInfo.InvariantCulture),
            ["sampler"] = Sampler,
        });

    public static (Checkpoint Checkpoint, Dictionary<string, Tensor> State) Read(string path)
    {
        (Dictionary<string, Tensor> state, Dictionary<string, string> notes) = Safetensors.Read(path);
        var checkpoint = new Checkpoint(
            JsonSerializer.Deserialize<LlamaShape>(notes["shape"])!,
            long.Parse(notes["step"], CultureInfo.InvariantCulture),
            long.Parse(notes["tokens"], CultureInfo.InvariantCulture),
            double.Parse(notes["seconds"], CultureInfo.InvariantCulture),
            notes["sampler"]);
        return (checkpoint, state);
    }
}
