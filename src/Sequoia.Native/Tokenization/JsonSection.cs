using System.Text.Json;

namespace Sequoia.Native.Tokenization;

/// <summary>One object of a JSON model file; it knows its path, so that every complaint can name the key.</summary>
internal readonly struct JsonSection(string file, string path, JsonElement element)
{
    public string Path => path;

    public string Kind => String("type");

    public ModelFileException Problem(string key, string problem) => new(file, $"{Join(key)}: {problem}");

    public ModelFileException Unsupported(string known) =>
        Problem("type", $"\"{Kind}\" is not supported (known: {known}); use a tokenizer of one of these kinds");

    /// <summary>The object under <paramref name="key"/>; null where the key is absent or null.</summary>
    public JsonSection? Section(string key) =>
        Value(key, JsonValueKind.Object) is { } value ? new JsonSection(file, Join(key), value) : null;

    public List<JsonSection> Sections(string key)
    {
        var sections = new List<JsonSection>();
        if (Value(key, JsonValueKind.Array) is not { } list)
            return sections;
        foreach (JsonElement item in list.EnumerateArray())
        {
            string itemPath = $"{Join(key)}[{sections.Count}]";
            if (item.ValueKind != JsonValueKind.Object)
                throw new ModelFileException(file, $"{itemPath}: must be an object, not {item.ValueKind}");
            sections.Add(new JsonSection(file, itemPath, item));
        }
        return sections;
    }

    public string String(string key) =>
        OptionalString(key) ?? throw Problem(key, "is missing; it must be a string");

    public string? OptionalString(string key)
    {
        if (!TryGet(key, out JsonElement value))
            return null;
        if (value.ValueKind != JsonValueKind.String)
            throw Problem(key, $"must be a string, not {value.ValueKind}");
        return value.GetString();
    }

    public bool Bool(string key, bool fallback)
    {
        if (!TryGet(key, out JsonElement value))
            return fallback;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            throw Problem(key, $"must be true or false, not {value.ValueKind}");
        return value.GetBoolean();
    }

    public int Int(string key)
    {
        if (!TryGet(key, out JsonElement value) || value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int number))
            throw Problem(key, "must be a whole number");
        return number;
    }

    public double? OptionalNumber(string key)
    {
        if (!TryGet(key, out JsonElement value))
            return null;
        if (value.ValueKind != JsonValueKind.Number)
            throw Problem(key, $"must be a number, not {value.ValueKind}");
        return value.GetDouble();
    }

    public bool IsObject(string key) => TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>Whether <paramref name="key"/> is there at all, even with the value null.</summary>
    public bool Has(string key) => element.TryGetProperty(key, out _);

    /// <summary>The value under <paramref name="key"/>, which must be of this kind; null where absent or null.</summary>
    public JsonElement? Value(string key, JsonValueKind kind)
    {
        if (!TryGet(key, out JsonElement value))
            return null;
        return value.ValueKind == kind ? value : throw Problem(key, $"must be an {kind}, not {value.ValueKind}");
    }

    private bool TryGet(string key, out JsonElement value) =>
        element.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;

    private string Join(string key) => path.Length == 0 ? key : $"{path}.{key}";
}
