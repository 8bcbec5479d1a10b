using System.Text.Json;
using System.Text.Unicode;

namespace Sequoia.Native.Models;

/// <summary>An object of a JSON file from a model folder. It knows its file and its path there, so every error names the key.</summary>
internal sealed class JsonSection
{
    private readonly string _path;
    private readonly JsonElement _element;

    private JsonSection(string file, string path, JsonElement element) => (File, _path, _element) = (file, path, element);

    /// <summary>The file that contains the object.</summary>
    public string File { get; }

    /// <summary>The value of "type" in Hugging Face's files.</summary>
    public string Kind => Text("type");

    /// <summary>Reads the root object of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="duplicates">Whether an object may repeat a key; the reader then checks this itself.</param>
    /// <exception cref="ModelFileException">The file cannot be read, or is not a JSON object.</exception>
    public static JsonSection Read(string file, bool duplicates = false) => Read(file, ModelFile.ReadAll(file), duplicates);

    /// <summary>The same for a file whose content is already in memory.</summary>
    public static JsonSection Read(string file, byte[] content, bool duplicates = false)
    {
        if (!Utf8.IsValid(content))
            throw new ModelFileException(file, "is not valid UTF-8; download it again");
        try
        {
            // Not disposed: the sections reference it.
            JsonElement root = Parse(content, duplicates).RootElement;
            return root.ValueKind == JsonValueKind.Object ? new JsonSection(file, "", root) : throw new ModelFileException(file, "must hold a JSON object");
        }
        catch (JsonException e)
        {
            throw new ModelFileException(file, $"{e.Message}; download it again", e);
        }
    }

    /// <summary>Parses JSON that may begin with a byte order mark, as editors on Windows write it.</summary>
    /// <exception cref="JsonException">It is not JSON, repeats a key, or has a key with half a surrogate pair. The message says what is wrong with the file.</exception>
    public static JsonDocument Parse(byte[] content, bool duplicates = false)
    {
        try
        {
            return JsonDocument.Parse(
                content.AsMemory(content.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0), new JsonDocumentOptions { AllowDuplicateProperties = duplicates });
        }
        catch (JsonException e)
        {
            string where = e.LineNumber is { } line ? $" near line {line + 1}" : $" ({e.Message.Split('\n', 2)[0]})";
            throw new JsonException($"is not valid JSON{where}", e.Path, e.LineNumber, e.BytePositionInLine, e);
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("has a key that is not valid text", e);
        }
    }

    /// <summary>A key's full path from the root of the file.</summary>
    public string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    public ModelFileException Problem(string key, string problem) => new(File, $"{PathOf(key)}: {problem}");

    public ModelFileException Unsupported(string known) =>
        Problem("type", $"\"{Kind}\" is not supported (known: {known}); use a tokenizer of one of these kinds");

    /// <summary>Whether a key is present, even with the value null.</summary>
    public bool Has(string key) => _element.TryGetProperty(key, out _);

    public bool IsObject(string key) => Find(key) is { ValueKind: JsonValueKind.Object };

    /// <summary>The object under a key; null if the key is absent or null.</summary>
    public JsonSection? Section(string key) => Value(key, JsonValueKind.Object) is { } value ? new JsonSection(File, PathOf(key), value) : null;

    public JsonSection RequiredSection(string key) => Section(key) ?? throw Problem(key, "is missing");

    /// <summary>The objects of a list; empty if the key is absent or null.</summary>
    public List<JsonSection> Sections(string key)
    {
        var sections = new List<JsonSection>();
        if (Value(key, JsonValueKind.Array) is not { } list)
            return sections;
        foreach (JsonElement item in list.EnumerateArray())
        {
            string path = $"{key}[{sections.Count}]";
            if (item.ValueKind != JsonValueKind.Object)
                throw Problem(path, $"must be an object, not {Quote(item)}");
            sections.Add(new JsonSection(File, PathOf(path), item));
        }
        return sections;
    }

    /// <summary>The value under a key, which must be of this kind; null if the key is absent or null.</summary>
    public JsonElement? Value(string key, JsonValueKind kind)
    {
        if (Find(key) is not { } value)
            return null;
        return value.ValueKind == kind ? value : throw Problem(key, $"must be an {kind.ToString().ToLowerInvariant()}, not {Quote(value)}");
    }

    public string? OptionalText(string key)
    {
        if (Find(key) is not { } value)
            return null;
        return TextOf(value) ?? throw Problem(key, $"must be a string, not {Quote(value)}");
    }

    public string Text(string key) => OptionalText(key) ?? throw Problem(key, "is missing; it must be a string");

    public bool Flag(string key, bool fallback)
    {
        if (Find(key) is not { } value)
            return fallback;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Problem(key, $"must be true or false, not {Quote(value)}");
    }

    public int Int(string key, int? fallback = null)
    {
        if (Find(key) is not { } value)
            return fallback ?? throw Problem(key, "is missing; it must be a whole number");
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int result) ? result : throw Problem(key, $"must be a whole number, not {Quote(value)}");
    }

    public int PositiveInt(string key, int? fallback = null)
    {
        int value = Int(key, fallback);
        return value > 0 ? value : throw Problem(key, $"must be above 0, not {value}");
    }

    public double? OptionalNumber(string key)
    {
        if (Find(key) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double result) && double.IsFinite(result)
            ? result : throw Problem(key, $"must be a number, not {Quote(value)}");
    }

    public double PositiveNumber(string key)
    {
        double value = OptionalNumber(key) ?? throw Problem(key, "is missing; it must be a number");
        return value > 0 ? value : throw Problem(key, $"must be above 0, not {value}");
    }

    /// <summary>A token id or a list of them.</summary>
    public int[] Ids(string key)
    {
        if (Find(key) is not { } value)
            return [];
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        return [.. items.Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id) && id >= 0
            ? id : throw Problem(key, $"must be a token id or a list of them, not {Quote(item)}"))];
    }

    /// <summary>The members, for maps whose keys are data.</summary>
    public List<(string Key, JsonElement Value)> Members() => [.. _element.EnumerateObject().Select(p => (p.Name, p.Value))];

    /// <summary>A value's text; null if it is not a string or has an unpaired surrogate.</summary>
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

    /// <summary>A value as written in the file, shortened to fit a message.</summary>
    private static string Quote(JsonElement value)
    {
        string raw = value.GetRawText();
        return raw.Length <= 60 ? raw : raw[..60] + "...";
    }

    private JsonElement? Find(string key) =>
        _element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
