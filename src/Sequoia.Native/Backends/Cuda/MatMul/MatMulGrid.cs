namespace Sequoia.Native.Backends.Cuda;

/// <summary>How a product is divided among the blocks of matmul.cu. No result depends on it.</summary>
/// <param name="Shape">The matrix.</param>
/// <param name="Rows">Rows of x.</param>
/// <param name="EnoughTiles">With at least this many tiles, a block sums all splits of its tile in turn.</param>
internal readonly record struct MatMulGrid(MatMulShape Shape, int Rows, int EnoughTiles)
{
    /// <summary>The maximum number of rows of x per block.</summary>
    public const int MostTokens = 128;

    private const int LeastTokens = 8;

    /// <summary>Rows of x that must have memory: whole tiles of any pass of up to this many rows.</summary>
    public static int RowsInTiles(int rows) => rows <= MostTokens ? TokensFor(rows) : MatMulShape.Ceiling(rows, MostTokens) * MostTokens;

    /// <summary>The number of rows of x per block: TOKENS.</summary>
    public int Tokens => TokensFor(Rows);

    public int TokenTiles => MatMulShape.Ceiling(Rows, Tokens);

    /// <summary>The number of blocks that share a tile.</summary>
    public int Splits => TokenTiles * Shape.RowTiles >= EnoughTiles ? 1 : Shape.Splits;

    /// <summary>Floats of workspace for partial sums.</summary>
    public long Partials => Splits == 1 ? 0 : (long)Splits * Counters * WeightBlocks.Rows * Tokens;

    /// <summary>Counters of arrived splits. They are 0 before the first launch, and after each.</summary>
    public int Counters => Splits == 1 ? 0 : Shape.RowTiles * TokenTiles;

    /// <summary>The grid with the largest workspace of all with up to this many rows: the last one before there are enough tiles.</summary>
    public MatMulGrid Largest => this with { Rows = Math.Min(Rows, Math.Max(1, (EnoughTiles - 1) / Shape.RowTiles * MostTokens)) };

    public static int TokensFor(int rows)
    {
        int tokens = LeastTokens;
        while (tokens < rows && tokens < MostTokens)
            tokens *= 2;
        return tokens;
    }
}
