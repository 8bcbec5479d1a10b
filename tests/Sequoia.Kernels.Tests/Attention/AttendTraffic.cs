using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>The formulas of attend.cu's header for one shape.</summary>
internal sealed class AttendTraffic(AttendShape shape)
{
    private const int Threads = 128;

    private readonly int _rowTile = shape.Rows * shape.Group <= 16 ? 16 : 64;

    private int D => shape.HeadDim;

    private int PackedRows => shape.Rows * shape.Group;

    private int RowTiles => (PackedRows + _rowTile - 1) / _rowTile;

    /// <summary>Keys and values that tensor cores see, once for each row tile.</summary>
    public long SealedBytes => Enumerable.Range(0, RowTiles).Sum(tile => (long)Deepest(tile)) * 4 * D * shape.KvHeads;

    public long PartialBytes => Enumerable.Range(0, shape.Rows).Sum(row => (long)Splits(row)) * shape.Heads * ((4 * D) + 8);

    public long SealedRequested
    {
        get
        {
            // Each thread reads its tile and the deepest row's position. Of each slab a lane of each warp reads the row's part, its sequence, where that's
            // pages are, and the page.
            long blocks = (long)RowTiles * shape.KvHeads * AttendKernels.SealedSplits(shape.Positions - 1), ofTiles = 0;
            for (int tile = 0; tile < RowTiles; tile++)
                ofTiles += ((long)Splits(DeepestRow(tile)) * RowsOf(tile) * ((2 * D) + 4)) + (Deepest(tile) / 16 * 4 * (4 + 8 + 8 + 4));
            return (Threads * (8 + 4) * blocks) + (ofTiles * shape.KvHeads) + SealedBytes + PartialBytes;
        }
    }

    /// <summary>Everything that attend_sealed must read or write at least once.</summary>
    public long SealedDistinct => (4L * D * shape.KvHeads * Deepest(RowTiles - 1)) + QueryBytes + PartialBytes;

    public long TailRequested => Enumerable.Range(0, shape.Rows).Sum(TailRequestedOf) * shape.KvHeads;

    /// <summary>Everything that attend must read or write at least once.</summary>
    public long TailDistinct
    {
        get
        {
            var cacheRows = new HashSet<int>();
            long paths = 0;
            for (int row = 0; row < shape.Rows; row++)
            {
                paths += 4 * KeysInTree(row);
                for (int position = Sealed(row); position <= shape.Position(row); position++)
                    cacheRows.Add(shape.CacheRow(row, position));
            }
            // 16 bytes say where a row is.
            return (4L * D * shape.KvHeads * cacheRows.Count) + (2 * QueryBytes) + PartialBytes + paths + (16 * shape.Rows);
        }
    }

    private long QueryBytes => 2L * D * shape.Heads * shape.Rows;

    private long TailRequestedOf(int row)
    {
        int keys = shape.Position(row) + 1 - Sealed(row);
        // Each thread reads its row; of each key where the sequence, its pages and its page are; of those in the tree also the path.
        return (16 * Threads) + (24 * keys) + (16 * KeysInTree(row)) + (4 * D * keys) + (shape.Group * ((4 * D) + (Splits(row) * 8 * D)));
    }

    /// <summary>Keys of a row's tail whose place its path tells.</summary>
    private int KeysInTree(int row) => shape.Position(row) + 1 - Math.Max(Sealed(row), shape.Prefix);

    private int RowsOf(int tile) => Math.Min(_rowTile, PackedRows - (tile * _rowTile));

    private int DeepestRow(int tile) => ((tile * _rowTile) + RowsOf(tile) - 1) / shape.Group;

    private int Deepest(int tile) => Sealed(DeepestRow(tile));

    private int Sealed(int row) => AttendKernels.SealedKeys(shape.Position(row));

    private int Splits(int row) => AttendKernels.SealedSplits(shape.Position(row));
}
