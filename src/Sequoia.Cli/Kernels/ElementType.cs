using System.Runtime.InteropServices;

namespace Sequoia.Cli.Kernels;

/// <summary>A type of a kernel's numbers.</summary>
/// <param name="Name">The name in a launch file.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Least">The smallest value of the type.</param>
/// <param name="Most">The largest value of the type.</param>
/// <param name="IsFloat">Whether it holds fractions.</param>
internal sealed record ElementType(string Name, int Bytes, double Least, double Most, bool IsFloat)
{
    private const double MostBFloat16 = 3.3895313892515355e38;

    private static readonly ElementType[] All =
    [
        new("f32", 4, -float.MaxValue, float.MaxValue, true),
        new("f16", 2, -(double)Half.MaxValue, (double)Half.MaxValue, true),
        new("bf16", 2, -MostBFloat16, MostBFloat16, true),
        new("f64", 8, double.MinValue, double.MaxValue, true),
        new("i8", 1, sbyte.MinValue, sbyte.MaxValue, false),
        new("u8", 1, 0, byte.MaxValue, false),
        new("i16", 2, short.MinValue, short.MaxValue, false),
        new("u16", 2, 0, ushort.MaxValue, false),
        new("i32", 4, int.MinValue, int.MaxValue, false),
        new("u32", 4, 0, uint.MaxValue, false),
        // The range in which doubles are exact.
        new("i64", 8, -(1L << 53), 1L << 53, false),
        new("u64", 8, 0, 1L << 53, false),
    ];

    public static string Names => string.Join(", ", All.Select(type => type.Name));

    public static ElementType? Find(string? name) => Array.Find(All, type => type.Name == name);

    public bool Holds(double value) => value >= Least && value <= Most && (IsFloat || value == Math.Floor(value));

    /// <summary>Writes a number, rounded to the nearest value of the type; whole numbers wrap.</summary>
    public void Write(double value, Span<byte> to)
    {
        switch (Name)
        {
            case "f32":
                MemoryMarshal.Write(to, (float)value);
                break;
            case "f16":
                MemoryMarshal.Write(to, (Half)value);
                break;
            case "bf16":
                uint bits = BitConverter.SingleToUInt32Bits((float)value);
                MemoryMarshal.Write(to, (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16));
                break;
            case "f64":
                MemoryMarshal.Write(to, value);
                break;
            default:
                long whole = (long)value;
                MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in whole))[..Bytes].CopyTo(to);
                break;
        }
    }
}
