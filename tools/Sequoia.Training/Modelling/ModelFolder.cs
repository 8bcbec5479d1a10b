using System.Text.Json.Nodes;
using Sequoia.Training.Storage;

namespace Sequoia.Training.Modelling;

/// <summary>Reads an exported model back: what is measured is what is shipped, rounding included.</summary>
internal static class ModelFolder
{
    public static Llama Read(string folder)
    {
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path)) throw new UsageException($"{path} is missing: run `export` first.");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        var shape = new LlamaShape(
            (int)config["hidden_size"]!,
            (int)config["intermediate_size"]!,
            (int)config["num_hidden_layers"]!,
            (int)config["num_attention_heads"]!,
            (int)config["num_key_value_heads"]!);
        return new Llama(shape, Safetensors.Read(Path.Combine(folder, "model.safetensors")).Tensors);
    }
}
