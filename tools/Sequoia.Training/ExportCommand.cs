using System.Text.Json;
using System.Text.Json.Nodes;
using Sequoia.Training.Modelling;
using Sequoia.Training.Storage;
using Sequoia.Training.Tokenization;
using Sequoia.Training.Training;
using static TorchSharp.torch;

namespace Sequoia.Training;

/// <summary><c>export</c>: the last checkpoints as Hugging Face folders.</summary>
internal static class ExportCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly string[] Models = ["target", "draft"];

    public static int Run(Arguments arguments)
    {
        string folder = arguments.Text("out", "out/training");
        string models = arguments.Text("models", "models");
        arguments.RejectUnknown();
        string[] found = [.. Models.Where(model => File.Exists(Checkpoint.PathIn(folder, model)))];
        if (found.Length == 0) throw new UsageException($"There is no checkpoint in {folder}: run `train` first.");
        foreach (string model in found) Write(folder, model, Path.Combine(models, model));
        return 0;
    }

    private static void Write(string from, string model, string folder)
    {
        (Checkpoint checkpoint, Dictionary<string, Tensor> state) = Checkpoint.Read(Checkpoint.PathIn(from, model));
        Directory.CreateDirectory(folder);
        Safetensors.Write(
            Path.Combine(folder, "model.safetensors"),
            checkpoint.Shape.Tensors().Select(t => (t.Name, state[t.Name])),
            bfloat16: true);
        WriteJson(Path.Combine(folder, "config.json"), Config(checkpoint.Shape));
        WriteJson(Path.Combine(folder, "generation_config.json"), new JsonObject
        {
            ["bos_token_id"] = Vocabulary.Start,
            ["eos_token_id"] = Vocabulary.End,
        });
        File.Copy(Path.Combine(from, "tokenizer.json"), Path.Combine(folder, "tokenizer.json"), overwrite: true);
        Console.WriteLine(
            $"{folder}: {checkpoint.Shape.ParameterCount} parameters, step {checkpoint.Step}, {checkpoint.Tokens} tokens, {checkpoint.Seconds / 60:F1} minutes of training.");
    }

    private static JsonObject Config(LlamaShape shape) => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["hidden_size"] = shape.Dim,
        ["intermediate_size"] = shape.Ffn,
        ["num_hidden_layers"] = shape.Layers,
        ["num_attention_heads"] = shape.Heads,
        ["num_key_value_heads"] = shape.KvHeads,
        ["head_dim"] = LlamaShape.HeadDim,
        ["vocab_size"] = LlamaShape.Vocabulary,
        ["max_position_embeddings"] = LlamaShape.Positions,
        ["rms_norm_eps"] = LlamaShape.NormEpsilon,
        ["rope_theta"] = LlamaShape.RopeTheta,
        ["rope_scaling"] = null,
        ["hidden_act"] = "silu",
        ["attention_bias"] = false,
        ["mlp_bias"] = false,
        ["tie_word_embeddings"] = true,
        ["bos_token_id"] = Vocabulary.Start,
        ["eos_token_id"] = Vocabulary.End,
        ["torch_dtype"] = "bfloat16",
    };

    private static void WriteJson(string path, JsonObject value) =>
        AtomicFile.WriteText(path, value.ToJsonString(Indented) + "\n");
}
