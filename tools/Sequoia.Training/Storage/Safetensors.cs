using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Sequoia.Training.Storage;

/// <summary>Safetensors files of float32 tensors, written as F32 or rounded to BF16.</summary>
internal static class Safetensors
{
    public static void Write(
        string path,
        IEnumerable<(string Name, Tensor Value)> tensors,
        bool bfloat16,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        (string Name, Tensor Value)[] sorted = [.. tensors.OrderBy(t => t.Name, StringComparer.Ordinal)];
        int width = bfloat16 ? 2 : 4;
        var header = new JsonObject();
        var notes = new JsonObject { ["format"] = "pt" };
        foreach ((string key, string value) in metadata ?? new Dictionary<string, string>()) notes[key] = value;
        header["__metadata__"] = notes;
        long at = 0;
        foreach ((string name, Tensor value) in sorted)
        {
            long end = at + value.numel() * width;
            header[name] = new JsonObject
            {
                ["dtype"] = bfloat16 ? "BF16" : "F32",
                ["shape"] = new JsonArray([.. value.shape.Select(n => (JsonNode)n)]),
                ["data_offsets"] = new JsonArray(at, end),
            };
            at = end;
        }

        string json = header.ToJsonString();
        // Spaces behind the header put the data on an 8-byte boundary, for readers that map the file.
        json = json.PadRight((Encoding.UTF8.GetByteCount(json) + 7) / 8 * 8);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
            stream.Write(length);
            stream.Write(Encoding.UTF8.GetBytes(json));
            foreach ((_, Tensor value) in sorted)
            {
                float[] data = value.detach().cpu().contiguous().data<float>().ToArray();
                stream.Write(bfloat16 ? MemoryMarshal.AsBytes<ushort>(Bfloat16.Round(data)) : MemoryMarshal.AsBytes<float>(data));
            }
        });
    }

    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Read(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"{path} is missing.");
        byte[] file = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        JsonObject header = JsonNode.Parse(file.AsSpan(8, length))!.AsObject();
        var tensors = new Dictionary<string, Tensor>();
        var metadata = new Dictionary<string, string>();
        foreach ((string name, JsonNode? entry) in header)
        {
            if (name == "__metadata__")
            {
                foreach ((string key, JsonNode? value) in entry!.AsObject()) metadata[key] = (string)value!;
                continue;
            }

            int begin = (int)entry!["data_offsets"]![0]!, end = (int)entry["data_offsets"]![1]!;
            ReadOnlySpan<byte> data = file.AsSpan(8 + length + begin, end - begin);
            float[] values = (string)entry["dtype"]! == "BF16"
                ? Bfloat16.Widen(MemoryMarshal.Cast<byte, ushort>(data))
                : MemoryMarshal.Cast<byte, float>(data).ToArray();
            long[] shape = [.. entry["shape"]!.AsArray().Select(n => (long)n!)];
            tensors[name] = tensor(values).reshape(shape).DetachFromDisposeScope();
        }

        return (tensors, metadata);
    }
}
