namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// The layout of matrices on the device: blocks of 128 rows by 64 columns, whose rows are swizzled as matmul.cu needs them in shared memory
/// (weights.cuh). Rows and columns are padded to whole blocks.
/// </summary>
internal static class WeightBlocks
{
    /// <summary>Rows of a block: BLOCK_ROWS of weights.cuh.</summary>
    public const int Rows = 128;

    /// <summary>Columns of a block: BLOCK_COLUMNS of weights.cuh.</summary>
    public const int Columns = 64;

    private const int Chunk = 8;
    private const int RowChunks = Columns / Chunk;

    /// <summary>Columns including padding.</summary>
    public static int Padded(int columns) => MatMulShape.Ceiling(columns, Columns) * Columns;

    /// <summary>Elements of 128 rows: their blocks are contiguous.</summary>
    public static int OfBand(int columns) => Rows * Padded(columns);

    /// <summary>Elements of a matrix.</summary>
    public static long Of(int rows, int columns) => (long)MatMulShape.Ceiling(rows, Rows) * OfBand(columns);

    /// <summary>Writes a row to its blocks.</summary>
    /// <param name="row">The row, including padding of columns.</param>
    /// <param name="number">Its number from the first row of the blocks on.</param>
    /// <param name="blocks">Whole bands of 128 rows.</param>
    public static void Write(ReadOnlySpan<ushort> row, int number, Span<ushort> blocks)
    {
        (int ofBlocks, int at) = Math.DivRem(number, Rows);
        Span<ushort> band = blocks.Slice(ofBlocks * Rows * row.Length, Rows * row.Length);
        for (int column = 0; column < row.Length; column += Columns)
        {
            ReadOnlySpan<ushort> from = row.Slice(column, Columns);
            Span<ushort> to = band.Slice((column * Rows) + (at * Columns), Columns);
            for (int chunk = 0; chunk < RowChunks; chunk++)
                from.Slice(chunk * Chunk, Chunk).CopyTo(to[((chunk ^ (at % RowChunks)) * Chunk)..]);
        }
    }
}
