namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// How a matrix is stored for matmul.cu, and how its columns are split into partial sums. Nothing here depends on the device or on the number of
/// rows, so a row's bits do not either.
/// </summary>
/// <param name="Kind">The epilogue; decides whether rows are paired.</param>
/// <param name="Outputs">The number of outputs. A paired matrix counts both of each pair.</param>
/// <param name="Columns">The number of inputs.</param>
internal readonly record struct MatMulShape(MatMulKind Kind, int Outputs, int Columns)
{
    // About a block per multiprocessor of common GPUs, each with a sum long enough to outweigh its partial sums' traffic.
    private const int WantedBlocks = 128;
    private const int LeastBlocksOfSplit = 8;

    public bool IsPaired => Kind is MatMulKind.SiluMul or MatMulKind.Rope;

    /// <summary>The number of outputs, or of pairs of outputs.</summary>
    public int Units => IsPaired ? Outputs / 2 : Outputs;

    /// <summary>Rows of the stored matrix, including padding of pairs.</summary>
    public int StoredRows => IsPaired ? PairedRows.Stored(Units) : Outputs;

    public int RowTiles => Ceiling(StoredRows, WeightBlocks.Rows);

    /// <summary>The number of column splits, which are summed separately and then added in order.</summary>
    public int Splits => Math.Max(1, Math.Min(
        (int)Math.Round((double)WantedBlocks / RowTiles), Ceiling(Columns, OperandBlocks.Columns) / LeastBlocksOfSplit));

    internal static int Ceiling(int count, int size) => (count + size - 1) / size;
}
