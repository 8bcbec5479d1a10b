using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>The formulas of attend.cu's header for one shape.</summary>
internal sealed class AttendTraffic(AttendShape shape)
{
    private const int Threads = 128;

    private readonly int _rowTile = AttendKernels.RowTileFor(shape.Rows, shape.Group);

    private int D => shape.HeadDim;

    private int RowsOfTile => AttendKernels.RowsOfTile(_rowTile, shape.Group);

    private int RowTiles => (shape.Rows + RowsOfTile - 1) / RowsOfTile;

    private int Splits => AttendKernels.Splits(shape.Positions);

    private int TreeBlocks => shape.IsTree ? 2 * ((shape.Rows + 3) / 4) : 0;

    /// <summary>Keys and values of splits, once for each row tile.</summary>
    public long PrefixBytes => Enumerable.Range(0, RowTiles).Sum(tile => (long)Deepest(tile)) * 4 * D * shape.KvHeads;

    /// <summary>Partial sums, as they are written.</summary>
    public long PartialBytes => Parts * ((4 * D) + 8);

    /// <summary>Keys, values, queries, results, and partial sums written, read and counted.</summary>
    public long Requested => PrefixBytes + QueriesOfSplits + (Enumerable.Range(0, shape.Rows).Sum(OfTree) * shape.KvHeads)
        + PartialBytes + (Parts * 8 * D) + (Parts / shape.Group * 4) + QueryBytes;

    /// <summary>Tables of rows, sequences and pages: at most 128 bytes a thread.</summary>
    public long Tables => 128L * Threads * ((RowTiles * Splits) + TreeBlocks) * shape.KvHeads;

    /// <summary>Everything that must be read or written at least once, without tables.</summary>
    public long Distinct
    {
        get
        {
            var cacheRows = new HashSet<int>();
            for (int row = 0; row < shape.Rows; row++)
            {
                for (int position = 0; position <= shape.Position(row); position++)
                    cacheRows.Add(shape.CacheRow(row, position));
            }
            return (4L * D * shape.KvHeads * cacheRows.Count) + (2 * QueryBytes) + PartialBytes + (4L * shape.Rows * shape.KvHeads);
        }
    }

    private long Parts => Enumerable.Range(0, shape.Rows).Sum(row => (long)shape.Parts(row)) * shape.Heads;

    private long QueryBytes => 2L * D * shape.Heads * shape.Rows;

    /// <summary>Few rows' queries are read by each warp that has keys, many rows' by one.</summary>
    private long QueriesOfSplits => Enumerable.Range(0, RowTiles).Sum(tile =>
        (long)RowsOf(tile) * (_rowTile == 16 ? (Deepest(tile) + 63) / 64 : AttendKernels.Splits(Deepest(tile)))) * 2 * D * shape.Heads;

    private long OfTree(int row)
    {
        int keys = shape.Position(row) + 1 - shape.PrefixKeys(row);
        return (4L * D * keys) + (2L * D * shape.Group * shape.TreeTiles(row));
    }

    private int RowsOf(int tile) => Math.Min(RowsOfTile, shape.Rows - (tile * RowsOfTile));

    private int Deepest(int tile) => shape.PrefixKeys((tile * RowsOfTile) + RowsOf(tile) - 1);
}
