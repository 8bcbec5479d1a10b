namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// How a matrix is stored for matmul.cu, and in which parts its columns are summed. Nothing here depends on the device or on the number of rows, so
/// that a row's bits do not either.
/// </summary>
/// <param name="Kind">What becomes of the sums; decides whether rows are paired.</param>
/// <param name="Outputs">Of a paired matrix: both of each pair.</param>
/// <param name="Columns">The inputs.</param>
internal readonly record struct MatMulShape(MatMulKind Kind, int Outputs, int Columns)
{
    /// <summary>Stored rows of W that a block computes.</summary>
    public const int TileRows = 64;

    /// <summary>Columns of a stage.</summary>
    public const int TileColumns = 64;

    /// <summary>Elements of rows, of W as of x, are padded to a multiple of this many: 16 bytes.</summary>
    public const int StrideStep = 8;

    // About two blocks for each multiprocessor of the GPUs at hand, each with a sum long enough to be worth its partial sums' traffic.
    private const int WantedBlocks = 256;
    private const int LeastTilesOfSplit = 8;

    public bool IsPaired => Kind is MatMulKind.SiluMul or MatMulKind.Rope;

    /// <summary>Outputs, or pairs of them.</summary>
    public int Units => IsPaired ? Outputs / 2 : Outputs;

    /// <summary>Rows of the stored matrix, padding of pairs included.</summary>
    public int StoredRows => IsPaired ? PairedRows.Stored(Units) : Outputs;

    /// <summary>Elements from one row of W to the next.</summary>
    public int Stride => StrideOf(Columns);

    public int RowTiles => Ceiling(StoredRows, TileRows);

    /// <summary>Parts of the columns that are summed by themselves, and then added up in order.</summary>
    public int Splits => Math.Max(1, Math.Min(
        (int)Math.Round((double)WantedBlocks / RowTiles), Ceiling(Columns, TileColumns) / LeastTilesOfSplit));

    public static int StrideOf(int columns) => Ceiling(columns, StrideStep) * StrideStep;

    internal static int Ceiling(int count, int size) => (count + size - 1) / size;
}
