using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Sequoia.Native.Numerics;

namespace Sequoia.Cli.Offload;

/// <summary>A BF16 tensor of a model without training: groups of columns, side by side.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its dimensions; a vector is one row.</param>
/// <param name="Columns">The groups, which together are the last dimension.</param>
internal sealed record SyntheticTensor(string Name, int[] Shape, IReadOnlyList<SyntheticColumns> Columns)
{
    /// <summary>A matrix of normal numbers.</summary>
    public static SyntheticTensor Matrix(string name, int rows, int columns, float deviation) =>
        new(name, [rows, columns], [new SyntheticColumns(columns, name, deviation)]);

    /// <summary>A vector of equal numbers.</summary>
    public static SyntheticTensor Vector(string name, int length, float value) =>
        new(name, [length], [new SyntheticColumns(length, name, 0, value)]);

    public int Width => Shape[^1];

    public int Rows => Shape.Length > 1 ? Shape[0] : 1;

    public long Bytes => (long)Rows * RowBytes;

    public int RowBytes => Width * sizeof(ushort);

    /// <summary>Computes rows, on all processors.</summary>
    /// <param name="destination">Their bytes.</param>
    /// <param name="first">The first row.</param>
    /// <param name="rows">How many.</param>
    public void Fill(byte[] destination, int first, int rows)
    {
        int at = 0;
        foreach (SyntheticColumns columns in Columns)
        {
            columns.Fill(destination, at, Width, first, rows);
            at += columns.Count;
        }
    }
}

/// <summary>
/// Adjacent columns of a tensor: equal numbers, or normal ones that depend on a name and their place among these columns alone. So models that use
/// the same name have the same numbers, however many other columns a tensor has.
/// </summary>
/// <param name="Count">The number of columns.</param>
/// <param name="Source">The name of the numbers.</param>
/// <param name="Deviation">Their standard deviation, or 0 for equal numbers.</param>
/// <param name="Value">The equal numbers.</param>
internal sealed record SyntheticColumns(int Count, string Source, float Deviation, float Value = 0)
{
    // A model has few deviations, and each needs a table.
    private static readonly ConcurrentDictionary<float, NormalNumbers> s_normal = new();

    /// <summary>Writes these columns of a block of rows.</summary>
    /// <param name="destination">The bytes of whole rows.</param>
    /// <param name="at">The place of the first column in a row.</param>
    /// <param name="width">The elements of a row.</param>
    /// <param name="first">The block's first row.</param>
    /// <param name="rows">The block's rows.</param>
    public void Fill(byte[] destination, int at, int width, int first, int rows)
    {
        if (Deviation == 0)
        {
            ushort equal = (ushort)(BitConverter.SingleToUInt32Bits(Value) >> 16);
            for (int row = 0; row < rows; row++)
                Elements(destination).Slice((row * width) + at, Count).Fill(equal);
            return;
        }
        uint seed = BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(Source)));
        long begin = (long)first * Count, end = begin + ((long)rows * Count);
        NormalNumbers normal = s_normal.GetOrAdd(Deviation, deviation => new NormalNumbers(deviation));
        Parallel.For(begin / NormalNumbers.Block, (end + NormalNumbers.Block - 1) / NormalNumbers.Block, block =>
        {
            ushort[] numbers = ArrayPool<ushort>.Shared.Rent(NormalNumbers.Block);
            long start = block * NormalNumbers.Block, from = Math.Max(start, begin), to = Math.Min(start + NormalNumbers.Block, end);
            // Numbers come in pairs.
            normal.Fill(numbers.AsSpan(0, (int)((to - start + 1) / 2 * 2)), seed, (uint)block);
            while (from < to)
            {
                (long row, long column) = Math.DivRem(from, Count);
                int count = (int)Math.Min(Count - column, to - from);
                numbers.AsSpan((int)(from - start), count).CopyTo(Elements(destination).Slice((int)(((row - first) * width) + at + column), count));
                from += count;
            }
            ArrayPool<ushort>.Shared.Return(numbers);
        });
    }

    private static Span<ushort> Elements(byte[] bytes) => MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
}
