namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// The layout of matrices on the device: each 128 rows as operands (<see cref="OperandBlocks"/>), so in blocks of 128 rows by 64 columns (weights.cuh).
/// Rows and columns are padded to whole blocks.
/// </summary>
internal static class WeightBlocks
{
    /// <summary>Rows of a block: BLOCK_ROWS of weights.cuh.</summary>
    public const int Rows = 128;

    /// <summary>Elements of 128 rows: their blocks are contiguous.</summary>
    public static int OfBand(int columns) => Rows * OperandBlocks.Padded(columns);

    /// <summary>Elements of a matrix.</summary>
    public static long Of(int rows, int columns) => (long)MatMulShape.Ceiling(rows, Rows) * OfBand(columns);

    /// <summary>Writes a row to its blocks.</summary>
    /// <param name="row">The row, including padding of columns.</param>
    /// <param name="number">Its number from the first row of the blocks on.</param>
    /// <param name="blocks">Whole bands of 128 rows.</param>
    public static void Write(ReadOnlySpan<ushort> row, int number, Span<ushort> blocks)
    {
        (int ofBlocks, int at) = Math.DivRem(number, Rows);
        OperandBlocks.Write(row, at, Rows, blocks.Slice(ofBlocks * Rows * row.Length, Rows * row.Length));
    }
}
