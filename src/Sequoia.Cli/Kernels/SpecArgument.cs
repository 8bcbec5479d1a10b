using System.Text.Json;
using Sequoia.Native;

namespace Sequoia.Cli.Kernels;

/// <summary>One argument of a launch: a number, or a buffer with its initial contents.</summary>
/// <param name="Type">The element type.</param>
/// <param name="Length">Elements of a buffer; 0 for a number.</param>
/// <param name="Fill">The initial contents of a buffer; null for an output, which the kernel writes.</param>
/// <param name="Scalar">The number.</param>
internal sealed record SpecArgument(ElementType Type, int Length, SpecFill? Fill, double Scalar)
{
    private const long MaxBufferBytes = 1L << 31;

    public bool IsBuffer => Length > 0;

    public static SpecArgument Read(string file, string key, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw Wrong("must be an object {\"type\", \"shape\", \"fill\"} or {\"type\", \"scalar\"}");
        foreach (JsonProperty property in json.EnumerateObject())
        {
            if (property.Name is not ("type" or "shape" or "fill" or "scalar"))
                throw Wrong($"{property.Name} is not known; the keys are type, shape and fill, or type and scalar");
        }
        string? name = json.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;
        ElementType element = ElementType.Find(name) ?? throw Wrong($"type must be one of {ElementType.Names}");
        bool hasShape = json.TryGetProperty("shape", out JsonElement shape), hasScalar = json.TryGetProperty("scalar", out JsonElement scalar);
        bool hasFill = json.TryGetProperty("fill", out JsonElement fill);
        if (hasShape == hasScalar || (hasScalar && hasFill))
            throw Wrong("must have either shape (and fill), or scalar");
        if (hasScalar)
        {
            return scalar.ValueKind == JsonValueKind.Number && scalar.TryGetDouble(out double value) && element.Holds(value)
                ? new SpecArgument(element, 0, null, value)
                : throw Wrong($"scalar must be a number that a {element.Name} holds");
        }
        JsonElement[] extents = shape.ValueKind == JsonValueKind.Array ? [.. shape.EnumerateArray()] : [shape];
        if (extents.Length == 0)
            throw Wrong("shape must have at least one number");
        long length = 1;
        foreach (JsonElement extent in extents)
        {
            length *= LaunchSpec.Whole(file, $"{key}.shape", extent, 1, int.MaxValue);
            if (length * element.Bytes > MaxBufferBytes)
                throw Wrong($"shape has more than {MaxBufferBytes >> 30} GiB");
        }
        SpecFill? filled = hasFill ? SpecFill.Read(fill) ?? throw Wrong("fill must be none, random, index or a number") : null;
        return new SpecArgument(element, (int)length, filled == SpecFill.None ? null : filled, 0);

        InvalidInputException Wrong(string what) => new($"{file}: {key}: {what}");
    }
}
