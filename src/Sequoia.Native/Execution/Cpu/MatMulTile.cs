using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>
/// y[token][row] = sum over k of w[row][k] * x[token][k] for one register tile. Every dot product has one accumulator of sixteen
/// lanes that walks the chunks in order, whatever the tile's shape: that is what makes the product batch-invariant.
/// </summary>
internal static unsafe class MatMulTile<TLanes, TFormat, TShape>
    where TLanes : unmanaged, ILanes<TLanes>
    where TFormat : struct, IWeightFormat<TLanes>
    where TShape : struct, ITileShape
{
    private const int MaxRows = 4, MaxTokens = 6;

    /// <param name="weights">The tile's first row; rows follow each other <paramref name="columns"/> elements apart.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="x">The first token's input, zero-padded to whole chunks and laid out for the format.</param>
    /// <param name="xStride">Floats from token to token.</param>
    /// <param name="y">The first token's output at the tile's first row.</param>
    /// <param name="yStride">Floats from token to token.</param>
    /// <param name="add">Add to y instead of setting it.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(byte* weights, int columns, float* x, long xStride, float* y, long yStride, bool add)
    {
        TLanes* sums = stackalloc TLanes[MaxRows * MaxTokens];
        long rowBytes = (long)columns * TFormat.ElementSize;
        int chunks = columns / Chunks.Size, tail = columns % Chunks.Size;
        Accumulate(weights, rowBytes, chunks, x, xStride, sums, resume: false);
        if (tail > 0)
            AccumulateTail(weights + ((long)chunks * Chunks.Size * TFormat.ElementSize), rowBytes, tail, x + (chunks * Chunks.Size), xStride, sums);
        for (int token = 0; token < TShape.Tokens; token++, sums += MaxRows, y += yStride)
        {
            if (TShape.Rows == MaxRows)
                TLanes.SumFour(sums[0], sums[1], sums[2], sums[3], y, add);
            else
                FinishRows(sums, y, add);
        }
    }

    private static void FinishRows(TLanes* sums, float* y, bool add)
    {
        for (int row = 0; row < TShape.Rows; row++)
            y[row] = add ? y[row] + TLanes.Sum(sums[row]) : TLanes.Sum(sums[row]);
    }

    /// <summary>The last, incomplete chunk of each row, padded with zeros.</summary>
    private static void AccumulateTail(byte* weights, long rowBytes, int elements, float* x, long xStride, TLanes* sums)
    {
        const int ChunkBytes = Chunks.Size * sizeof(float);
        byte* padded = stackalloc byte[MaxRows * ChunkBytes];
        new Span<byte>(padded, MaxRows * ChunkBytes).Clear();
        for (int row = 0; row < TShape.Rows; row++)
            Buffer.MemoryCopy(weights + (row * rowBytes), padded + (row * ChunkBytes), ChunkBytes, elements * TFormat.ElementSize);
        Accumulate(padded, ChunkBytes, 1, x, xStride, sums, resume: true);
    }

    /// <summary>
    /// The inner loop, alone in its method: with a call or a second loop beside it the compiler would keep the sums in memory.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Accumulate(byte* weights, long rowBytes, int chunks, float* x, long xStride, TLanes* sums, bool resume)
    {
        byte* w0 = weights, w1 = w0 + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes;
        TLanes a00 = TLanes.Zero, a10 = TLanes.Zero, a20 = TLanes.Zero, a30 = TLanes.Zero;
        TLanes a01 = TLanes.Zero, a11 = TLanes.Zero, a21 = TLanes.Zero, a31 = TLanes.Zero;
        TLanes a02 = TLanes.Zero, a12 = TLanes.Zero, a22 = TLanes.Zero, a32 = TLanes.Zero;
        TLanes a03 = TLanes.Zero, a13 = TLanes.Zero, a23 = TLanes.Zero, a33 = TLanes.Zero;
        TLanes a04 = TLanes.Zero, a14 = TLanes.Zero, a24 = TLanes.Zero, a34 = TLanes.Zero;
        TLanes a05 = TLanes.Zero, a15 = TLanes.Zero, a25 = TLanes.Zero, a35 = TLanes.Zero;
        if (resume)
        {
            (a00, a10, a20, a30) = (sums[0], sums[1], sums[2], sums[3]);
            (a01, a11, a21, a31) = (sums[4], sums[5], sums[6], sums[7]);
            (a02, a12, a22, a32) = (sums[8], sums[9], sums[10], sums[11]);
            (a03, a13, a23, a33) = (sums[12], sums[13], sums[14], sums[15]);
            (a04, a14, a24, a34) = (sums[16], sums[17], sums[18], sums[19]);
            (a05, a15, a25, a35) = (sums[20], sums[21], sums[22], sums[23]);
        }
        long ahead = TShape.Rows * rowBytes;
        for (; chunks > 0; chunks--)
        {
            if (Sse.IsSupported)
            {
                // The next tile's rows: each row is a stream of its own, too short for the processor to see it coming.
                Sse.Prefetch1(w0 + ahead);
                if (TShape.Rows > 1) Sse.Prefetch1(w1 + ahead);
                if (TShape.Rows > 2) Sse.Prefetch1(w2 + ahead);
                if (TShape.Rows > 2) Sse.Prefetch1(w3 + ahead);
            }
            TLanes v0 = TFormat.First(w0);
            TLanes v1 = TShape.Rows > 1 ? TFormat.First(w1) : TLanes.Zero;
            TLanes v2 = TShape.Rows > 2 ? TFormat.First(w2) : TLanes.Zero;
            TLanes v3 = TShape.Rows > 2 ? TFormat.First(w3) : TLanes.Zero;
            TLanes x00 = TLanes.Load(x);
            a00 = TLanes.FusedMultiplyAdd(v0, x00, a00);
            if (TShape.Rows > 1) a10 = TLanes.FusedMultiplyAdd(v1, x00, a10);
            if (TShape.Rows > 2) a20 = TLanes.FusedMultiplyAdd(v2, x00, a20);
            if (TShape.Rows > 2) a30 = TLanes.FusedMultiplyAdd(v3, x00, a30);
            if (TShape.Tokens > 1)
            {
                TLanes x01 = TLanes.Load(x + xStride);
                a01 = TLanes.FusedMultiplyAdd(v0, x01, a01);
                if (TShape.Rows > 1) a11 = TLanes.FusedMultiplyAdd(v1, x01, a11);
                if (TShape.Rows > 2) a21 = TLanes.FusedMultiplyAdd(v2, x01, a21);
                if (TShape.Rows > 2) a31 = TLanes.FusedMultiplyAdd(v3, x01, a31);
            }
            if (TShape.Tokens > 2)
            {
                TLanes x02 = TLanes.Load(x + (2 * xStride));
                a02 = TLanes.FusedMultiplyAdd(v0, x02, a02);
                if (TShape.Rows > 1) a12 = TLanes.FusedMultiplyAdd(v1, x02, a12);
                if (TShape.Rows > 2) a22 = TLanes.FusedMultiplyAdd(v2, x02, a22);
                if (TShape.Rows > 2) a32 = TLanes.FusedMultiplyAdd(v3, x02, a32);
            }
            if (TShape.Tokens > 3)
            {
                TLanes x03 = TLanes.Load(x + (3 * xStride));
                a03 = TLanes.FusedMultiplyAdd(v0, x03, a03);
                if (TShape.Rows > 1) a13 = TLanes.FusedMultiplyAdd(v1, x03, a13);
                if (TShape.Rows > 2) a23 = TLanes.FusedMultiplyAdd(v2, x03, a23);
                if (TShape.Rows > 2) a33 = TLanes.FusedMultiplyAdd(v3, x03, a33);
            }
            if (TShape.Tokens > 4)
            {
                TLanes x04 = TLanes.Load(x + (4 * xStride));
                a04 = TLanes.FusedMultiplyAdd(v0, x04, a04);
                if (TShape.Rows > 1) a14 = TLanes.FusedMultiplyAdd(v1, x04, a14);
                if (TShape.Rows > 2) a24 = TLanes.FusedMultiplyAdd(v2, x04, a24);
                if (TShape.Rows > 2) a34 = TLanes.FusedMultiplyAdd(v3, x04, a34);
            }
            if (TShape.Tokens > 5)
            {
                TLanes x05 = TLanes.Load(x + (5 * xStride));
                a05 = TLanes.FusedMultiplyAdd(v0, x05, a05);
                if (TShape.Rows > 1) a15 = TLanes.FusedMultiplyAdd(v1, x05, a15);
                if (TShape.Rows > 2) a25 = TLanes.FusedMultiplyAdd(v2, x05, a25);
                if (TShape.Rows > 2) a35 = TLanes.FusedMultiplyAdd(v3, x05, a35);
            }
            TLanes u0 = TFormat.Second(w0);
            TLanes u1 = TShape.Rows > 1 ? TFormat.Second(w1) : TLanes.Zero;
            TLanes u2 = TShape.Rows > 2 ? TFormat.Second(w2) : TLanes.Zero;
            TLanes u3 = TShape.Rows > 2 ? TFormat.Second(w3) : TLanes.Zero;
            TLanes x10 = TLanes.Load(x + 16);
            a00 = TLanes.FusedMultiplyAdd(u0, x10, a00);
            if (TShape.Rows > 1) a10 = TLanes.FusedMultiplyAdd(u1, x10, a10);
            if (TShape.Rows > 2) a20 = TLanes.FusedMultiplyAdd(u2, x10, a20);
            if (TShape.Rows > 2) a30 = TLanes.FusedMultiplyAdd(u3, x10, a30);
            if (TShape.Tokens > 1)
            {
                TLanes x11 = TLanes.Load(x + xStride + 16);
                a01 = TLanes.FusedMultiplyAdd(u0, x11, a01);
                if (TShape.Rows > 1) a11 = TLanes.FusedMultiplyAdd(u1, x11, a11);
                if (TShape.Rows > 2) a21 = TLanes.FusedMultiplyAdd(u2, x11, a21);
                if (TShape.Rows > 2) a31 = TLanes.FusedMultiplyAdd(u3, x11, a31);
            }
            if (TShape.Tokens > 2)
            {
                TLanes x12 = TLanes.Load(x + (2 * xStride) + 16);
                a02 = TLanes.FusedMultiplyAdd(u0, x12, a02);
                if (TShape.Rows > 1) a12 = TLanes.FusedMultiplyAdd(u1, x12, a12);
                if (TShape.Rows > 2) a22 = TLanes.FusedMultiplyAdd(u2, x12, a22);
                if (TShape.Rows > 2) a32 = TLanes.FusedMultiplyAdd(u3, x12, a32);
            }
            if (TShape.Tokens > 3)
            {
                TLanes x13 = TLanes.Load(x + (3 * xStride) + 16);
                a03 = TLanes.FusedMultiplyAdd(u0, x13, a03);
                if (TShape.Rows > 1) a13 = TLanes.FusedMultiplyAdd(u1, x13, a13);
                if (TShape.Rows > 2) a23 = TLanes.FusedMultiplyAdd(u2, x13, a23);
                if (TShape.Rows > 2) a33 = TLanes.FusedMultiplyAdd(u3, x13, a33);
            }
            if (TShape.Tokens > 4)
            {
                TLanes x14 = TLanes.Load(x + (4 * xStride) + 16);
                a04 = TLanes.FusedMultiplyAdd(u0, x14, a04);
                if (TShape.Rows > 1) a14 = TLanes.FusedMultiplyAdd(u1, x14, a14);
                if (TShape.Rows > 2) a24 = TLanes.FusedMultiplyAdd(u2, x14, a24);
                if (TShape.Rows > 2) a34 = TLanes.FusedMultiplyAdd(u3, x14, a34);
            }
            if (TShape.Tokens > 5)
            {
                TLanes x15 = TLanes.Load(x + (5 * xStride) + 16);
                a05 = TLanes.FusedMultiplyAdd(u0, x15, a05);
                if (TShape.Rows > 1) a15 = TLanes.FusedMultiplyAdd(u1, x15, a15);
                if (TShape.Rows > 2) a25 = TLanes.FusedMultiplyAdd(u2, x15, a25);
                if (TShape.Rows > 2) a35 = TLanes.FusedMultiplyAdd(u3, x15, a35);
            }
            w0 += Chunks.Size * TFormat.ElementSize;
            w1 += Chunks.Size * TFormat.ElementSize;
            w2 += Chunks.Size * TFormat.ElementSize;
            w3 += Chunks.Size * TFormat.ElementSize;
            x += Chunks.Size;
        }
        sums[0] = a00;
        if (TShape.Rows > 1) sums[1] = a10;
        if (TShape.Rows > 2) (sums[2], sums[3]) = (a20, a30);
        if (TShape.Tokens > 1)
        {
            sums[4] = a01;
            if (TShape.Rows > 1) sums[5] = a11;
            if (TShape.Rows > 2) (sums[6], sums[7]) = (a21, a31);
        }
        if (TShape.Tokens > 2)
        {
            sums[8] = a02;
            if (TShape.Rows > 1) sums[9] = a12;
            if (TShape.Rows > 2) (sums[10], sums[11]) = (a22, a32);
        }
        if (TShape.Tokens > 3)
        {
            sums[12] = a03;
            if (TShape.Rows > 1) sums[13] = a13;
            if (TShape.Rows > 2) (sums[14], sums[15]) = (a23, a33);
        }
        if (TShape.Tokens > 4)
        {
            sums[16] = a04;
            if (TShape.Rows > 1) sums[17] = a14;
            if (TShape.Rows > 2) (sums[18], sums[19]) = (a24, a34);
        }
        if (TShape.Tokens > 5)
        {
            sums[20] = a05;
            if (TShape.Rows > 1) sums[21] = a15;
            if (TShape.Rows > 2) (sums[22], sums[23]) = (a25, a35);
        }
    }
}
