using System.Text.Json;

namespace Sequoia.Cli.Kernels;

/// <summary>The initial contents of a buffer, by position.</summary>
internal sealed class SpecFill
{
    public static readonly SpecFill None = new(static (_, _) => 0);

    // Whole numbers if the type has no others; the same ones every time.
    private static readonly SpecFill Random = new(static (type, random) =>
        type.IsFloat ? (2 * random.NextDouble()) - 1 : random.Next(100));

    private readonly Func<ElementType, Random, double>? _draw;
    private readonly double? _constant;

    private SpecFill(Func<ElementType, Random, double>? draw, double? constant = null) => (_draw, _constant) = (draw, constant);

    public static SpecFill? Read(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Number when json.TryGetDouble(out double constant) => new SpecFill(null, constant),
        JsonValueKind.String => json.GetString() switch
        {
            "none" => None,
            "random" => Random,
            "index" => new SpecFill(null),
            _ => null,
        },
        _ => null,
    };

    /// <summary>The bytes of a buffer.</summary>
    public byte[] Bytes(ElementType type, int length, int seed)
    {
        byte[] bytes = new byte[checked(length * type.Bytes)];
        var random = new Random(seed);
        for (int i = 0; i < length; i++)
            type.Write(_constant ?? _draw?.Invoke(type, random) ?? i, bytes.AsSpan(i * type.Bytes));
        return bytes;
    }
}
