using System.Text.Json;
using Sequoia.Native.Diagnostics;
using Sequoia.Native.Models;

namespace Sequoia.Native.Trees;

/// <summary>Opens small JSON files that users write by hand, with helpful error messages.</summary>
internal static class JsonInput
{
    private const long MaxBytes = 16 << 20;

    public static JsonDocument Open(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        try
        {
            if (!File.Exists(file))
                throw new InvalidInputException($"{file}: {(Directory.Exists(file) ? "is a folder; name a file" : "there is no such file")}");
            return JsonSection.Parse(BoundedFile.Read(file, MaxBytes) ?? throw new InvalidInputException($"{file}: has more than {MaxBytes >> 20} MiB; it cannot be such a file"));
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{file}: {e.Message}{(e.LineNumber is null ? "" : "; correct it there")}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }

    public static JsonElement List(JsonDocument json, string file, string key, string ofWhat)
    {
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty(key, out JsonElement list))
            throw new InvalidInputException($"{file}: {key}: is missing; the file must hold {{\"{key}\": [...]}}");
        return list.ValueKind == JsonValueKind.Array ? list : throw new InvalidInputException($"{file}: {key}: must be a list of {ofWhat}");
    }
}
