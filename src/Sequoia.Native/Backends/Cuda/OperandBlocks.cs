namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// The layout of rows that matrices are multiplied by (operands.cuh): blocks of 64 columns of all rows, in which each row is swizzled as matmul.cu needs
/// it in shared memory.
/// </summary>
internal static class OperandBlocks
{
    /// <summary>Columns of a block: BLOCK_COLUMNS of operands.cuh.</summary>
    public const int Columns = 64;

    private const int Chunk = 8;
    private const int RowChunks = Columns / Chunk;

    /// <summary>Columns including padding.</summary>
    public static int Padded(int columns) => MatMulShape.Ceiling(columns, Columns) * Columns;

    /// <summary>Writes a row.</summary>
    /// <param name="from">The row, including padding of columns.</param>
    /// <param name="row">Its number.</param>
    /// <param name="rows">The number of all rows, including padding.</param>
    /// <param name="blocks">All rows.</param>
    public static void Write(ReadOnlySpan<ushort> from, int row, int rows, Span<ushort> blocks)
    {
        for (int column = 0; column < from.Length; column += Chunk)
            from.Slice(column, Chunk).CopyTo(blocks[At(row, column, rows)..]);
    }

    /// <summary>The index of the chunk of eight elements that begins at a column.</summary>
    public static int At(int row, int column, int rows) =>
        (((column / Columns * rows) + row) * Columns) + (((column % Columns / Chunk) ^ (row % RowChunks)) * Chunk);

    /// <summary>Reads a row.</summary>
    /// <param name="blocks">All rows.</param>
    /// <param name="row">Its number.</param>
    /// <param name="rows">The number of all rows, including padding.</param>
    /// <param name="columns">The number of columns, without padding.</param>
    public static ushort[] Read(ReadOnlySpan<ushort> blocks, int row, int rows, int columns)
    {
        ushort[] elements = new ushort[columns];
        for (int column = 0; column < columns; column += Chunk)
            blocks.Slice(At(row, column, rows), Math.Min(Chunk, columns - column)).CopyTo(elements.AsSpan(column));
        return elements;
    }

    /// <summary>Whether an index is one of the elements of some rows, without padding.</summary>
    /// <param name="used">The number of these rows.</param>
    /// <param name="rows">The number of all rows, including padding.</param>
    /// <param name="columns">The number of columns, without padding.</param>
    public static Func<int, bool> AreOf(int used, int rows, int columns) => place =>
    {
        int row = place / Columns % rows, chunk = place % Columns / Chunk ^ (row % RowChunks);
        return row < used && (place / (rows * Columns) * Columns) + (chunk * Chunk) + (place % Chunk) < columns;
    };
}
