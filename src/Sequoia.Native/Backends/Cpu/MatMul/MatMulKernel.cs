using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// Steps through a band of weight rows in register tiles. Each group of rows is read from memory once and multiplied with all tokens while it is
/// in the L1 cache. TTall rows by TWidest tokens is the largest tile whose sums fit this instruction set's registers.
/// </summary>
internal static unsafe class MatMulKernel<TLanes, TFormat, TTall, TWidest>
    where TLanes : unmanaged, ILanes<TLanes>
    where TFormat : struct, IWeightFormat<TLanes>
    where TTall : struct, ICount
    where TWidest : struct, ICount
{
    private const int CachedBytes = 16 * 1024;

    private static int RowsPerTile => TTall.Value;

    public static void Multiply(TensorView weight, int firstRow, int lastRow, float* x, long xStride, float* y, long yStride, int tokens, bool add)
    {
        int tiles = (lastRow - firstRow) / RowsPerTile;
        long tileBytes = (long)RowsPerTile * weight.Columns * TFormat.ElementSize;
        int groups = (tokens + TWidest.Value - 1) / TWidest.Value;
        // One group of tokens can stream through all rows; several groups take turns on as many rows as fit the L1 cache.
        int stretch = groups == 1 ? Math.Max(tiles, 1) : (int)Math.Max(1, CachedBytes / tileBytes);
        for (int tile = 0; tile < tiles; tile += stretch)
            Groups<TTall>(weight, firstRow + (tile * RowsPerTile), Math.Min(stretch, tiles - tile), groups, x, xStride, y, yStride, tokens, add);
        int done = firstRow + (tiles * RowsPerTile);
        if (done < lastRow)
            Groups<One>(weight, done, lastRow - done, groups, x, xStride, y, yStride, tokens, add);
    }

    private static void Groups<TRows>(
        TensorView weight, int row, int tiles, int groups, float* x, long xStride, float* y, long yStride, int tokens, bool add)
        where TRows : struct, ICount
    {
        byte* w = weight.Data + ((long)row * weight.Columns * TFormat.ElementSize);
        for (int group = 0, token = 0; group < groups; group++)
        {
            // Equal shares: 7 tokens are 4 + 3, not 6 + 1.
            int width = (tokens / groups) + (group < tokens % groups ? 1 : 0);
            Tiles<TRows>(width, w, tiles, weight.Columns, x + (token * xStride), xStride, y + (token * yStride) + row, yStride, add);
            token += width;
        }
    }

    private static void Tiles<TRows>(int tokens, byte* w, int tiles, int columns, float* x, long xStride, float* y, long yStride, bool add)
        where TRows : struct, ICount
    {
        switch (tokens)
        {
            case 1:
                MatMulTile<TLanes, TFormat, Tile<TRows, One>>.Multiply(w, tiles, columns, x, xStride, y, yStride, add);
                break;
            case 2:
                MatMulTile<TLanes, TFormat, Tile<TRows, Two>>.Multiply(w, tiles, columns, x, xStride, y, yStride, add);
                break;
            case 3:
                MatMulTile<TLanes, TFormat, Tile<TRows, Three>>.Multiply(w, tiles, columns, x, xStride, y, yStride, add);
                break;
            case 4:
                MatMulTile<TLanes, TFormat, Tile<TRows, Four>>.Multiply(w, tiles, columns, x, xStride, y, yStride, add);
                break;
            case 5:
                MatMulTile<TLanes, TFormat, Tile<TRows, Five>>.Multiply(w, tiles, columns, x, xStride, y, yStride, add);
                break;
            default:
                MatMulTile<TLanes, TFormat, Tile<TRows, Six>>.Multiply(w, tiles, columns, x, xStride, y, yStride, add);
                break;
        }
    }
}
