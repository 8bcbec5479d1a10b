using System.Text.Json.Nodes;
using Sequoia.Cli.Bench;
using Sequoia.Native.Models;

namespace Sequoia.Cli.Offload;

/// <summary>
/// A Llama model of any shape with random weights. Its residual stream is dominated by the embedding, and the layers add noise. So a model with fewer
/// layers, or a narrower one with the same embedding, predicts the next token well. Cost and acceptance are real; the text has no meaning.
/// </summary>
/// <param name="Shape">The shape.</param>
internal sealed record SyntheticModel(ModelShape Shape)
{
    /// <summary>Below the 5 GB at which Hugging Face's own files end.</summary>
    public const long ShardBytes = 4_000_000_000;

    /// <summary>The standard deviation of what writes to the residual stream (o and down): more noise, less acceptance.</summary>
    public required float OutputDeviation { get; init; }

    /// <summary>The standard deviation of the other projections.</summary>
    public float InputDeviation { get; init; } = 0.02f;

    public float HeadDeviation { get; init; } = 0.1f;

    /// <summary>The first columns, which hold the embedding; it is 0 in all others. Null: all columns hold it.</summary>
    public int? EmbeddedColumns { get; init; }

    /// <summary>The weights of the last norm.</summary>
    public float FinalNorm { get; init; } = 1;

    /// <summary>The files of weights, in a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="shardBytes">The most bytes of tensors in a file, if a tensor is not larger.</param>
    public IReadOnlyList<SyntheticFile> Files(string folder, long shardBytes = ShardBytes)
    {
        var shards = new List<List<SyntheticTensor>>();
        long bytes = long.MaxValue;
        foreach (SyntheticTensor tensor in Tensors())
        {
            if (bytes > shardBytes - tensor.Bytes)
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add(tensor);
            bytes += tensor.Bytes;
        }
        return [.. shards.Select((tensors, i) => new SyntheticFile(
            Path.Combine(folder, shards.Count == 1 ? ModelFolder.SingleFile : $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors"), tensors))];
    }

    /// <summary>The content of model.safetensors.index.json.</summary>
    public static JsonObject Index(IReadOnlyList<SyntheticFile> files) => new()
    {
        ["metadata"] = new JsonObject { ["total_size"] = files.Sum(file => file.Tensors.Sum(tensor => tensor.Bytes)) },
        ["weight_map"] = new JsonObject(files.SelectMany(
            file => file.Tensors, (file, tensor) => KeyValuePair.Create(tensor.Name, (JsonNode?)Path.GetFileName(file.Path)))),
    };

    /// <summary>The content of config.json. No token ends a text.</summary>
    public JsonObject Config() => new()
    {
        ["model_type"] = "llama",
        ["hidden_size"] = Shape.Hidden,
        ["intermediate_size"] = Shape.Intermediate,
        ["num_hidden_layers"] = Shape.Layers,
        ["num_attention_heads"] = Shape.Heads,
        ["num_key_value_heads"] = Shape.KvHeads,
        ["head_dim"] = Shape.HeadDim,
        ["vocab_size"] = Shape.Vocabulary,
        ["max_position_embeddings"] = Shape.Context,
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = Shape.RopeTheta,
        ["hidden_act"] = "silu",
        ["tie_word_embeddings"] = false,
        ["bos_token_id"] = 1,
        ["torch_dtype"] = "bfloat16",
    };

    private IEnumerable<SyntheticTensor> Tensors()
    {
        int hidden = Shape.Hidden, q = Shape.Heads * Shape.HeadDim, kv = Shape.KvHeads * Shape.HeadDim;
        yield return Vocabulary("model.embed_tokens.weight", 1, 0);
        for (int i = 0; i < Shape.Layers; i++)
        {
            string layer = $"model.layers.{i}.";
            yield return SyntheticTensor.Vector(layer + "input_layernorm.weight", hidden, 1);
            yield return SyntheticTensor.Vector(layer + "post_attention_layernorm.weight", hidden, 1);
            yield return SyntheticTensor.Matrix(layer + "self_attn.q_proj.weight", q, hidden, InputDeviation);
            yield return SyntheticTensor.Matrix(layer + "self_attn.k_proj.weight", kv, hidden, InputDeviation);
            yield return SyntheticTensor.Matrix(layer + "self_attn.v_proj.weight", kv, hidden, InputDeviation);
            yield return SyntheticTensor.Matrix(layer + "self_attn.o_proj.weight", hidden, q, OutputDeviation);
            yield return SyntheticTensor.Matrix(layer + "mlp.gate_proj.weight", Shape.Intermediate, hidden, InputDeviation);
            yield return SyntheticTensor.Matrix(layer + "mlp.up_proj.weight", Shape.Intermediate, hidden, InputDeviation);
            yield return SyntheticTensor.Matrix(layer + "mlp.down_proj.weight", hidden, Shape.Intermediate, OutputDeviation);
        }
        yield return SyntheticTensor.Vector("model.norm.weight", hidden, FinalNorm);
        yield return Vocabulary("lm_head.weight", HeadDeviation, HeadDeviation);
    }

    // The first columns do not depend on the width, so a narrow draft has them too.
    private SyntheticTensor Vocabulary(string name, float deviation, float otherDeviation)
    {
        int columns = EmbeddedColumns ?? Shape.Hidden;
        var first = new SyntheticColumns(columns, name, deviation);
        return new SyntheticTensor(name, [Shape.Vocabulary, Shape.Hidden], columns == Shape.Hidden
            ? [first]
            : [first, new SyntheticColumns(Shape.Hidden - columns, name + ".other", otherDeviation)]);
    }
}
