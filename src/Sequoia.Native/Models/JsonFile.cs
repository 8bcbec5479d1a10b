using System.Text.Json;

namespace Sequoia.Native.Models;

/// <summary>A small JSON file from a model folder, read with checks that name the file and the key.</summary>
internal sealed class JsonFile
{
    private readonly JsonElement _root;

    private JsonFile(string path, JsonElement root) => (Path, _root) = (path, root);

    public string Path { get; }

    public static JsonFile Read(string path)
    {
        if (!File.Exists(path))
            throw new ModelFileException(path, "the file is missing; a Hugging Face model folder is expected");
        try
        {
            using JsonDocument document = JsonDocument.Parse(ModelFile.ReadAll(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelFileException(path, "a JSON object is expected");
            return new JsonFile(path, document.RootElement.Clone());
        }
        catch (JsonException e)
        {
            throw new ModelFileException(path, $"not readable as JSON ({e.Message.Split('\n', 2)[0]})", e);
        }
    }

    /// <summary>The object under a key, or null where it is absent or null.</summary>
    public JsonFile? Object(string key)
    {
        if (Find(key) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Object ? new JsonFile(Path, value) : throw Bad(key, "an object is expected");
    }

    public int Int(string key, int? fallback = null)
    {
        if (Find(key) is not { } value)
            return fallback ?? throw Bad(key, "the key is missing");
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int result) ? result : throw Bad(key, $"a whole number is expected, not {Quote(value)}");
    }

    public int PositiveInt(string key, int? fallback = null)
    {
        int value = Int(key, fallback);
        return value > 0 ? value : throw Bad(key, $"a number above 0 is expected, not {value}");
    }

    public double Number(string key, double? fallback = null)
    {
        if (Find(key) is not { } value)
            return fallback ?? throw Bad(key, "the key is missing");
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double result) && double.IsFinite(result)
            ? result : throw Bad(key, $"a number is expected, not {Quote(value)}");
    }

    public bool Flag(string key, bool fallback)
    {
        if (Find(key) is not { } value)
            return fallback;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Bad(key, $"true or false is expected, not {Quote(value)}");
    }

    public string? Text(string key)
    {
        if (Find(key) is not { } value)
            return null;
        return TextOf(value) ?? throw Bad(key, $"a string is expected, not {Quote(value)}");
    }

    /// <summary>A token id or a list of them.</summary>
    public int[] Ids(string key)
    {
        if (Find(key) is not { } value)
            return [];
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        return [.. items.Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id) && id >= 0
            ? id : throw Bad(key, $"a token id is expected, not {Quote(item)}"))];
    }

    /// <summary>The members, for maps whose keys are data.</summary>
    public List<(string Key, JsonElement Value)> Members()
    {
        try
        {
            return [.. _root.EnumerateObject().Select(p => (p.Name, p.Value))];
        }
        catch (InvalidOperationException e)
        {
            throw new ModelFileException(Path, "a key is not valid text", e);
        }
    }

    /// <summary>A value's text; null where it is no string, or one with half a surrogate pair.</summary>
    public static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public ModelFileException Bad(string key, string problem) => new(Path, $"{key}: {problem}");

    /// <summary>A value as it stands in the file, cut to what fits a message.</summary>
    private static string Quote(JsonElement value)
    {
        string raw = value.GetRawText();
        return raw.Length <= 60 ? raw : raw[..60] + "...";
    }

    private JsonElement? Find(string key) =>
        _root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
