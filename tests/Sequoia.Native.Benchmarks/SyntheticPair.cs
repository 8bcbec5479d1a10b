using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Benchmarks;

/// <summary>
/// A pair of TinyLlama's shape (1.1 B parameters, BF16) with random weights whose residual stream is dominated by the embedding,
/// so that the draft, the target's first two layers, agrees with it about two times in three. Cost and acceptance are real;
/// it says nothing about text.
/// </summary>
internal static class SyntheticPair
{
    private const int Hidden = 2048, Layers = 22, Heads = 32, KvHeads = 4, HeadDim = 64, Ffn = 5632, Vocabulary = 32000;

    public static void Write(string folder, string tokenizer, int draftLayers)
    {
        WriteModel(Path.Combine(folder, "target"), tokenizer, Layers);
        WriteModel(Path.Combine(folder, "draft"), tokenizer, draftLayers);
    }

    private static void WriteModel(string folder, string tokenizer, int layers)
    {
        Directory.CreateDirectory(folder);
        File.Copy(tokenizer, Path.Combine(folder, Path.GetFileName(tokenizer)), overwrite: true);
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
            {"model_type": "llama", "hidden_size": {{Hidden}}, "intermediate_size": {{Ffn}}, "num_hidden_layers": {{layers}},
             "num_attention_heads": {{Heads}}, "num_key_value_heads": {{KvHeads}}, "vocab_size": {{Vocabulary}},
             "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
             "tie_word_embeddings": false, "bos_token_id": 1, "eos_token_id": 2}
            """);
        List<(string Name, int[] Shape, float Deviation)> tensors = [("model.embed_tokens.weight", [Vocabulary, Hidden], 1f)];
        for (int i = 0; i < layers; i++)
        {
            string layer = $"model.layers.{i}.";
            tensors.AddRange([
                (layer + "input_layernorm.weight", [Hidden], 0), (layer + "post_attention_layernorm.weight", [Hidden], 0),
                (layer + "self_attn.q_proj.weight", [Heads * HeadDim, Hidden], 0.02f), (layer + "self_attn.k_proj.weight", [KvHeads * HeadDim, Hidden], 0.02f),
                (layer + "self_attn.v_proj.weight", [KvHeads * HeadDim, Hidden], 0.02f), (layer + "self_attn.o_proj.weight", [Hidden, Heads * HeadDim], 0.001f),
                (layer + "mlp.gate_proj.weight", [Ffn, Hidden], 0.02f), (layer + "mlp.up_proj.weight", [Ffn, Hidden], 0.02f),
                (layer + "mlp.down_proj.weight", [Hidden, Ffn], 0.001f),
            ]);
        }
        tensors.Add(("model.norm.weight", [Hidden], 0));
        tensors.Add(("lm_head.weight", [Vocabulary, Hidden], 0.1f));
        WriteSafetensors(Path.Combine(folder, "model.safetensors"), tensors);
    }

    private static void WriteSafetensors(string path, List<(string Name, int[] Shape, float Deviation)> tensors)
    {
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            long offset = 0;
            json.WriteStartObject();
            foreach ((string name, int[] shape, _) in tensors)
            {
                long bytes = 2L * shape.Aggregate(1L, (a, b) => a * b);
                json.WriteStartObject(name);
                json.WriteString("dtype", "BF16");
                json.WriteStartArray("shape");
                Array.ForEach(shape, json.WriteNumberValue);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset + bytes);
                json.WriteEndArray();
                json.WriteEndObject();
                offset += bytes;
            }
            json.WriteEndObject();
        }
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        byte[] text = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(header.ToArray()).PadRight((int)((header.Length + 7) / 8 * 8)));
        file.Write(BitConverter.GetBytes((ulong)text.Length));
        file.Write(text);
        foreach ((string name, int[] shape, float deviation) in tensors)
            WriteTensor(file, name, shape, deviation);
    }

    /// <summary>Each tensor's numbers depend on its name alone, so the draft's layers equal the target's first ones.</summary>
    private static void WriteTensor(FileStream file, string name, int[] shape, float deviation)
    {
        long left = shape.Aggregate(1L, (a, b) => a * b);
        uint c1 = 0, seed = BitConverter.ToUInt32(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        ushort[] values = new ushort[NormalNumbers.Block];
        // The norms' weights are 1.
        values.AsSpan().Fill(0x3F80);
        while (left > 0)
        {
            int count = (int)Math.Min(left, values.Length);
            if (deviation > 0)
                NormalNumbers.Fill(values.AsSpan(0, count), seed, c1++, deviation);
            file.Write(MemoryMarshal.AsBytes(values.AsSpan(0, count)));
            left -= count;
        }
    }
}
