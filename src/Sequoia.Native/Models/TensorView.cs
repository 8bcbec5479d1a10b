namespace Sequoia.Native.Models;

/// <summary>A tensor in memory that the view does not own, usually a mapped file: row-major, never copied.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">[rows][columns], or [columns].</param>
/// <param name="Address">The start address.</param>
/// <param name="Owner">Frees the memory once nothing references it; null if the creator of the view keeps it alive.</param>
/// <param name="Place">Where it is stored; null if it is not a tensor of a file.</param>
internal readonly unsafe record struct TensorView(string Name, TensorType Type, long[] Shape, nint Address, object? Owner = null, TensorPlace? Place = null)
{
    internal byte* Data => (byte*)Address;

    public long Bytes => (long)Rows * Columns * Type.Size();

    public int Rows => Shape.Length == 2 ? checked((int)Shape[0]) : 1;

    public int Columns => checked((int)Shape[^1]);

    public long RowBytes => (long)Columns * Type.Size();
}

/// <summary>Where a tensor is stored.</summary>
/// <param name="File">The path of the file.</param>
/// <param name="Offset">The offset of its first byte.</param>
internal sealed record TensorPlace(string File, long Offset);

/// <summary>The element types that weights are stored in.</summary>
internal enum TensorType
{
    F32,
    F16,
    BF16,
}

internal static class TensorTypes
{
    public static int Size(this TensorType type) => type switch
    {
        TensorType.F32 => 4,
        TensorType.F16 or TensorType.BF16 => 2,
        _ => throw type.Unknown(),
    };

    /// <summary>The exception for an element type that the code does not know: no type is taken for another.</summary>
    public static NotSupportedException Unknown(this TensorType type) => new($"weights of type {type} are not supported here");
}
