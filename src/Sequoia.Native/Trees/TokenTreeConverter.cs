using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sequoia.Native;

/// <summary>
/// Reads and writes a <see cref="TokenTree"/> with System.Text.Json. <see cref="TokenTree"/> references it, so it need not be registered. It is public
/// because code that System.Text.Json generates in other assemblies creates it.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class TokenTreeConverter : JsonConverter<TokenTree>
{
    /// <inheritdoc/>
    public override TokenTree Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using JsonDocument json = JsonDocument.ParseValue(ref reader);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("parents", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            throw new JsonException("a tree is an object with the list parents: {\"parents\":[-1,0,0,1]}");
        try
        {
            return TokenTree.FromList(list, "");
        }
        catch (InvalidInputException problem)
        {
            throw new JsonException(problem.Message, problem);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, TokenTree value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStartObject();
        writer.WriteStartArray("parents");
        foreach (int parent in value.Parents)
            writer.WriteNumberValue(parent);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
