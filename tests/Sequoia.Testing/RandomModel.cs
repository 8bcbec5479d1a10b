using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sequoia.Testing;

/// <summary>Writes model folders with random weights, for shapes and element types that no test file has.</summary>
internal static class RandomModel
{
    public sealed record Shape(
        int Vocabulary = 64, int Hidden = 48, int Layers = 2, int Heads = 4, int KvHeads = 2, int HeadDim = 12, int Intermediate = 70,
        int Context = 128, bool Tied = true, string Type = "F32", int Seed = 1, float Spread = 0.3f);

    public static void Write(string folder, Shape shape)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), Config(shape).ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), Safetensors(Tensors(shape), shape));
    }

    public static JsonObject Config(Shape shape) => new()
    {
        ["model_type"] = "llama",
        ["hidden_size"] = shape.Hidden,
        ["intermediate_size"] = shape.Intermediate,
        ["num_hidden_layers"] = shape.Layers,
        ["num_attention_heads"] = shape.Heads,
        ["num_key_value_heads"] = shape.KvHeads,
        ["head_dim"] = shape.HeadDim,
        ["vocab_size"] = shape.Vocabulary,
        ["max_position_embeddings"] = shape.Context,
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000.0,
        ["tie_word_embeddings"] = shape.Tied,
        ["bos_token_id"] = 1,
        ["eos_token_id"] = 2,
    };

    public static List<(string Name, int[] Extents)> Tensors(Shape shape)
    {
        int q = shape.Heads * shape.HeadDim, kv = shape.KvHeads * shape.HeadDim;
        List<(string, int[])> tensors = [("model.embed_tokens.weight", [shape.Vocabulary, shape.Hidden]), ("model.norm.weight", [shape.Hidden])];
        for (int i = 0; i < shape.Layers; i++)
        {
            string layer = $"model.layers.{i}.";
            tensors.AddRange([
                (layer + "input_layernorm.weight", [shape.Hidden]), (layer + "post_attention_layernorm.weight", [shape.Hidden]),
                (layer + "self_attn.q_proj.weight", [q, shape.Hidden]), (layer + "self_attn.k_proj.weight", [kv, shape.Hidden]),
                (layer + "self_attn.v_proj.weight", [kv, shape.Hidden]), (layer + "self_attn.o_proj.weight", [shape.Hidden, q]),
                (layer + "mlp.gate_proj.weight", [shape.Intermediate, shape.Hidden]), (layer + "mlp.up_proj.weight", [shape.Intermediate, shape.Hidden]),
                (layer + "mlp.down_proj.weight", [shape.Hidden, shape.Intermediate]),
            ]);
        }
        if (!shape.Tied)
            tensors.Add(("lm_head.weight", [shape.Vocabulary, shape.Hidden]));
        return tensors;
    }

    /// <summary>A whole safetensors file: norms of ones, matrices of uniform numbers.</summary>
    public static byte[] Safetensors(List<(string Name, int[] Extents)> tensors, Shape shape)
    {
        var random = new Random(shape.Seed);
        var header = new JsonObject();
        var data = new MemoryStream();
        foreach ((string name, int[] extents) in tensors)
        {
            long begin = data.Length;
            int count = extents.Aggregate((a, b) => a * b);
            for (int i = 0; i < count; i++)
                data.Write(Element(extents.Length == 1 ? 1 : shape.Spread * ((2 * random.NextSingle()) - 1), shape.Type));
            header[name] = new JsonObject
            {
                ["dtype"] = shape.Type,
                ["shape"] = new JsonArray([.. extents.Select(e => (JsonNode)e)]),
                ["data_offsets"] = new JsonArray(begin, data.Length),
            };
        }
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        return [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. data.ToArray()];
    }

    private static byte[] Element(float value, string type) => type switch
    {
        "F32" => BitConverter.GetBytes(value),
        "F16" => BitConverter.GetBytes((Half)value),
        _ => MemoryMarshal.AsBytes([BitConverter.SingleToUInt32Bits(value)])[2..].ToArray(),
    };
}
