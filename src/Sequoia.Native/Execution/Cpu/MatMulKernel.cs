using System.Runtime.CompilerServices;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>
/// Walks a band of weight rows in register tiles: each group of rows is read from memory once and, while it is in the first
/// cache, meets all tokens. TWidest is how many tokens a tile of this instruction set can hold.
/// </summary>
internal static unsafe class MatMulKernel<TLanes, TFormat, TWidest>
    where TLanes : unmanaged, ILanes<TLanes>
    where TFormat : struct, IWeightFormat<TLanes>
    where TWidest : struct, ICount
{
    // Two 256-bit registers a vector leave room for two rows only.
    private static int RowsPerTile => TWidest.Value == 6 ? 4 : 2;

    public static void Multiply(TensorView weight, int firstRow, int lastRow, float* x, long xStride, float* y, long yStride, int tokens, bool add)
    {
        int columns = weight.Columns;
        long rowBytes = (long)columns * TFormat.ElementSize;
        int groups = (tokens + TWidest.Value - 1) / TWidest.Value, narrow = tokens / groups, wide = tokens % groups;
        for (int row = firstRow; row < lastRow;)
        {
            int rows = lastRow - row >= RowsPerTile ? RowsPerTile : 1;
            byte* w = weight.Data + (row * rowBytes);
            for (int group = 0, token = 0; group < groups; group++)
            {
                // Equal shares: 7 tokens are 4 + 3, not 6 + 1.
                int width = narrow + (group < wide ? 1 : 0);
                Tile(rows, width, w, columns, x + (token * xStride), xStride, y + (token * yStride) + row, yStride, add);
                token += width;
            }
            row += rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile(int rows, int tokens, byte* w, int columns, float* x, long xStride, float* y, long yStride, bool add)
    {
        if (rows == 1)
            Tile<One>(tokens, w, columns, x, xStride, y, yStride, add);
        else if (RowsPerTile == 2)
            Tile<Two>(tokens, w, columns, x, xStride, y, yStride, add);
        else
            Tile<Four>(tokens, w, columns, x, xStride, y, yStride, add);
    }

    private static void Tile<TRows>(int tokens, byte* w, int columns, float* x, long xStride, float* y, long yStride, bool add)
        where TRows : struct, ICount
    {
        switch (tokens)
        {
            case 1:
                MatMulTile<TLanes, TFormat, Tile<TRows, One>>.Multiply(w, columns, x, xStride, y, yStride, add);
                break;
            case 2:
                MatMulTile<TLanes, TFormat, Tile<TRows, Two>>.Multiply(w, columns, x, xStride, y, yStride, add);
                break;
            case 3:
                MatMulTile<TLanes, TFormat, Tile<TRows, Three>>.Multiply(w, columns, x, xStride, y, yStride, add);
                break;
            case 4:
                MatMulTile<TLanes, TFormat, Tile<TRows, Four>>.Multiply(w, columns, x, xStride, y, yStride, add);
                break;
            case 5:
                MatMulTile<TLanes, TFormat, Tile<TRows, Five>>.Multiply(w, columns, x, xStride, y, yStride, add);
                break;
            default:
                MatMulTile<TLanes, TFormat, Tile<TRows, Six>>.Multiply(w, columns, x, xStride, y, yStride, add);
                break;
        }
    }
}
