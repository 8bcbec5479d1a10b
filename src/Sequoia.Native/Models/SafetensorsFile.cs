using System.Text.Json;

namespace Sequoia.Native.Models;

/// <summary>
/// One `.safetensors` file: eight bytes of header length, a JSON header, the tensors. The file is untrusted until checked:
/// after construction every tensor lies inside the file, no tensors overlap, and every byte belongs to one.
/// </summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    // The limit of the format's own reference reader.
    private const long MaxHeaderBytes = 100_000_000;

    private readonly MappedFile _file;
    private readonly Dictionary<string, TensorView> _tensors = new(StringComparer.Ordinal);

    public SafetensorsFile(string path)
    {
        Path = path;
        if (!File.Exists(path))
            throw new ModelFileException(path, "the file is missing; download the whole model folder again");
        try
        {
            _file = new MappedFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ModelFileException(path, $"the file cannot be mapped ({e.Message})", e);
        }
        try
        {
            ReadHeader();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path { get; }

    public IReadOnlyDictionary<string, TensorView> Tensors => _tensors;

    public void Dispose() => _file.Dispose();

    private void ReadHeader()
    {
        if (_file.Length < 10)
            throw Bad($"the file has only {_file.Length} bytes, no safetensors header; download it again");
        if (ModelFile.IsLfsPointer(new ReadOnlySpan<byte>(_file.Data, (int)Math.Min(_file.Length, 64))))
            throw Bad(ModelFile.LfsPointer);
        ulong headerBytes = *(ulong*)_file.Data;
        if (headerBytes > MaxHeaderBytes)
            throw Bad($"the header claims {headerBytes} bytes (at most {MaxHeaderBytes} are allowed); the file is not safetensors or is damaged");
        if ((long)headerBytes > _file.Length - 8)
            throw Bad($"the header claims {headerBytes} bytes but the file has {_file.Length}; it is truncated, download it again");
        long dataStart = 8 + (long)headerBytes, dataLength = _file.Length - dataStart;
        var regions = new List<(long Begin, long End, string Name)>();
        try
        {
            var reader = new Utf8JsonReader(new ReadOnlySpan<byte>(_file.Data + 8, (int)headerBytes), new JsonReaderOptions { MaxDepth = 8 });
            reader.Read();
            Expect(reader.TokenType == JsonTokenType.StartObject, "the header is not a JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                if (name == "__metadata__")
                    reader.Skip();
                else
                    ReadTensor(ref reader, name, dataStart, dataLength, regions);
            }
            // The writer may pad the header with spaces; the reader rejects anything else after the object.
            reader.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new ModelFileException(Path, $"the header is not valid JSON in UTF-8 ({FirstLine(e.Message)}); download the file again", e);
        }
        CheckRegions(regions, dataLength);
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name, long dataStart, long dataLength, List<(long, long, string)> regions)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, $"tensor '{name}' is not described by an object");
        string? type = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            bool repeated = key switch
            {
                "dtype" => type is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => throw Bad($"tensor '{name}' has an unknown key '{key}'"),
            };
            Expect(!repeated, $"tensor '{name}' has the key '{key}' twice");
            if (key == "dtype")
                type = reader.GetString();
            else if (key == "shape")
                shape = ReadIntegers(ref reader, name, key);
            else
                offsets = ReadIntegers(ref reader, name, key);
        }
        Expect(type is not null && shape is not null && offsets is not null, $"tensor '{name}' lacks dtype, shape or data_offsets");
        Expect(offsets!.Length == 2, $"tensor '{name}' has {offsets.Length} data_offsets, not 2");
        Expect(offsets[0] <= offsets[1] && offsets[1] <= dataLength,
            $"tensor '{name}' has data_offsets [{offsets[0]}, {offsets[1]}] outside the {dataLength} bytes of data; the file is truncated or damaged");
        regions.Add((offsets[0], offsets[1], name));
        TensorType tensorType = type switch
        {
            "F32" => TensorType.F32,
            "F16" => TensorType.F16,
            "BF16" => TensorType.BF16,
            _ => throw Bad($"tensor '{name}' has dtype {type}; F32, F16 and BF16 are supported: convert the weights"),
        };
        long bytes = tensorType.Size();
        foreach (long extent in shape!)
        {
            Expect(extent > 0 && extent <= int.MaxValue && bytes <= long.MaxValue / extent, $"tensor '{name}' has an impossible shape [{string.Join(", ", shape)}]");
            bytes *= extent;
        }
        Expect(shape.Length is 1 or 2, $"tensor '{name}' has {shape.Length} dimensions; 1 or 2 are expected");
        Expect(bytes == offsets[1] - offsets[0],
            $"tensor '{name}' of shape [{string.Join(", ", shape)}] and dtype {type} needs {bytes} bytes, its data_offsets give {offsets[1] - offsets[0]}");
        long at = dataStart + offsets[0];
        Expect(_tensors.TryAdd(name, new TensorView(name, tensorType, shape, (nint)(_file.Data + at), _file, new TensorPlace(Path, at))), $"tensor '{name}' is listed twice");
    }

    private long[] ReadIntegers(ref Utf8JsonReader reader, string name, string key)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, $"tensor '{name}': {key} is not an array");
        var values = new List<long>(4);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long v) && v >= 0, $"tensor '{name}': {key} holds something that is not a whole number from 0");
            values.Add(reader.GetInt64());
            Expect(values.Count <= 8, $"tensor '{name}': {key} is too long");
        }
        return [.. values];
    }

    private void CheckRegions(List<(long Begin, long End, string Name)> regions, long dataLength)
    {
        regions.Sort();
        long covered = 0;
        string previous = "the start of the data";
        foreach ((long begin, long end, string name) in regions)
        {
            Expect(begin >= covered, $"tensor '{name}' overlaps '{previous}'");
            Expect(begin == covered, $"{begin - covered} bytes before tensor '{name}' belong to no tensor");
            (covered, previous) = (end, name);
        }
        Expect(covered == dataLength, $"{dataLength - covered} bytes after tensor '{previous}' belong to no tensor; the file is oversized or damaged");
    }

    private void Expect(bool condition, string problem)
    {
        if (!condition)
            throw Bad(problem);
    }

    private ModelFileException Bad(string problem) => new(Path, problem);

    private static string FirstLine(string message) => message.Split('\n', 2)[0].Trim();
}
