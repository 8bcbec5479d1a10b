using System.Runtime.CompilerServices;
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
    /// <param name="weights">The tile's first row; rows follow each other <paramref name="columns"/> elements apart.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="x">The first token's input, zero-padded to whole chunks and laid out for the format.</param>
    /// <param name="xStride">Floats from token to token.</param>
    /// <param name="y">The first token's output at the tile's first row.</param>
    /// <param name="yStride">Floats from token to token.</param>
    /// <param name="add">Add to y instead of setting it.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(byte* weights, int columns, float* x, long xStride, float* y, long yStride, bool add)
    {
        long rowBytes = (long)columns * TFormat.ElementSize;
        byte* w0 = weights, w1 = w0 + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes;
        TLanes a00 = TLanes.Zero, a10 = TLanes.Zero, a20 = TLanes.Zero, a30 = TLanes.Zero;
        TLanes a01 = TLanes.Zero, a11 = TLanes.Zero, a21 = TLanes.Zero, a31 = TLanes.Zero;
        TLanes a02 = TLanes.Zero, a12 = TLanes.Zero, a22 = TLanes.Zero, a32 = TLanes.Zero;
        TLanes a03 = TLanes.Zero, a13 = TLanes.Zero, a23 = TLanes.Zero, a33 = TLanes.Zero;
        TLanes a04 = TLanes.Zero, a14 = TLanes.Zero, a24 = TLanes.Zero, a34 = TLanes.Zero;
        TLanes a05 = TLanes.Zero, a15 = TLanes.Zero, a25 = TLanes.Zero, a35 = TLanes.Zero;
        int chunkBytes = Chunks.Size * TFormat.ElementSize;
        int chunks = columns / Chunks.Size, tail = columns % Chunks.Size;
        // The last, incomplete chunk of each row is copied here and padded with zeros.
        byte* padded = stackalloc byte[4 * Chunks.Size * sizeof(float)];
        TLanes v0, v1 = TLanes.Zero, v2 = TLanes.Zero, v3 = TLanes.Zero;
        while (true)
        {
            for (; chunks > 0; chunks--)
            {
                v0 = TFormat.First(w0);
                if (TShape.Rows > 1) v1 = TFormat.First(w1);
                if (TShape.Rows > 2) (v2, v3) = (TFormat.First(w2), TFormat.First(w3));
                TLanes u00 = TLanes.Load(x);
                a00 = TLanes.FusedMultiplyAdd(v0, u00, a00);
                if (TShape.Rows > 1) a10 = TLanes.FusedMultiplyAdd(v1, u00, a10);
                if (TShape.Rows > 2) a20 = TLanes.FusedMultiplyAdd(v2, u00, a20);
                if (TShape.Rows > 2) a30 = TLanes.FusedMultiplyAdd(v3, u00, a30);
                if (TShape.Tokens > 1)
                {
                    TLanes u01 = TLanes.Load(x + xStride);
                    a01 = TLanes.FusedMultiplyAdd(v0, u01, a01);
                    if (TShape.Rows > 1) a11 = TLanes.FusedMultiplyAdd(v1, u01, a11);
                    if (TShape.Rows > 2) a21 = TLanes.FusedMultiplyAdd(v2, u01, a21);
                    if (TShape.Rows > 2) a31 = TLanes.FusedMultiplyAdd(v3, u01, a31);
                }
                if (TShape.Tokens > 2)
                {
                    TLanes u02 = TLanes.Load(x + (2 * xStride));
                    a02 = TLanes.FusedMultiplyAdd(v0, u02, a02);
                    if (TShape.Rows > 1) a12 = TLanes.FusedMultiplyAdd(v1, u02, a12);
                    if (TShape.Rows > 2) a22 = TLanes.FusedMultiplyAdd(v2, u02, a22);
                    if (TShape.Rows > 2) a32 = TLanes.FusedMultiplyAdd(v3, u02, a32);
                }
                if (TShape.Tokens > 3)
                {
                    TLanes u03 = TLanes.Load(x + (3 * xStride));
                    a03 = TLanes.FusedMultiplyAdd(v0, u03, a03);
                    if (TShape.Rows > 1) a13 = TLanes.FusedMultiplyAdd(v1, u03, a13);
                    if (TShape.Rows > 2) a23 = TLanes.FusedMultiplyAdd(v2, u03, a23);
                    if (TShape.Rows > 2) a33 = TLanes.FusedMultiplyAdd(v3, u03, a33);
                }
                if (TShape.Tokens > 4)
                {
                    TLanes u04 = TLanes.Load(x + (4 * xStride));
                    a04 = TLanes.FusedMultiplyAdd(v0, u04, a04);
                    if (TShape.Rows > 1) a14 = TLanes.FusedMultiplyAdd(v1, u04, a14);
                    if (TShape.Rows > 2) a24 = TLanes.FusedMultiplyAdd(v2, u04, a24);
                    if (TShape.Rows > 2) a34 = TLanes.FusedMultiplyAdd(v3, u04, a34);
                }
                if (TShape.Tokens > 5)
                {
                    TLanes u05 = TLanes.Load(x + (5 * xStride));
                    a05 = TLanes.FusedMultiplyAdd(v0, u05, a05);
                    if (TShape.Rows > 1) a15 = TLanes.FusedMultiplyAdd(v1, u05, a15);
                    if (TShape.Rows > 2) a25 = TLanes.FusedMultiplyAdd(v2, u05, a25);
                    if (TShape.Rows > 2) a35 = TLanes.FusedMultiplyAdd(v3, u05, a35);
                }
                v0 = TFormat.Second(w0);
                if (TShape.Rows > 1) v1 = TFormat.Second(w1);
                if (TShape.Rows > 2) (v2, v3) = (TFormat.Second(w2), TFormat.Second(w3));
                TLanes u10 = TLanes.Load(x + 16);
                a00 = TLanes.FusedMultiplyAdd(v0, u10, a00);
                if (TShape.Rows > 1) a10 = TLanes.FusedMultiplyAdd(v1, u10, a10);
                if (TShape.Rows > 2) a20 = TLanes.FusedMultiplyAdd(v2, u10, a20);
                if (TShape.Rows > 2) a30 = TLanes.FusedMultiplyAdd(v3, u10, a30);
                if (TShape.Tokens > 1)
                {
                    TLanes u11 = TLanes.Load(x + xStride + 16);
                    a01 = TLanes.FusedMultiplyAdd(v0, u11, a01);
                    if (TShape.Rows > 1) a11 = TLanes.FusedMultiplyAdd(v1, u11, a11);
                    if (TShape.Rows > 2) a21 = TLanes.FusedMultiplyAdd(v2, u11, a21);
                    if (TShape.Rows > 2) a31 = TLanes.FusedMultiplyAdd(v3, u11, a31);
                }
                if (TShape.Tokens > 2)
                {
                    TLanes u12 = TLanes.Load(x + (2 * xStride) + 16);
                    a02 = TLanes.FusedMultiplyAdd(v0, u12, a02);
                    if (TShape.Rows > 1) a12 = TLanes.FusedMultiplyAdd(v1, u12, a12);
                    if (TShape.Rows > 2) a22 = TLanes.FusedMultiplyAdd(v2, u12, a22);
                    if (TShape.Rows > 2) a32 = TLanes.FusedMultiplyAdd(v3, u12, a32);
                }
                if (TShape.Tokens > 3)
                {
                    TLanes u13 = TLanes.Load(x + (3 * xStride) + 16);
                    a03 = TLanes.FusedMultiplyAdd(v0, u13, a03);
                    if (TShape.Rows > 1) a13 = TLanes.FusedMultiplyAdd(v1, u13, a13);
                    if (TShape.Rows > 2) a23 = TLanes.FusedMultiplyAdd(v2, u13, a23);
                    if (TShape.Rows > 2) a33 = TLanes.FusedMultiplyAdd(v3, u13, a33);
                }
                if (TShape.Tokens > 4)
                {
                    TLanes u14 = TLanes.Load(x + (4 * xStride) + 16);
                    a04 = TLanes.FusedMultiplyAdd(v0, u14, a04);
                    if (TShape.Rows > 1) a14 = TLanes.FusedMultiplyAdd(v1, u14, a14);
                    if (TShape.Rows > 2) a24 = TLanes.FusedMultiplyAdd(v2, u14, a24);
                    if (TShape.Rows > 2) a34 = TLanes.FusedMultiplyAdd(v3, u14, a34);
                }
                if (TShape.Tokens > 5)
                {
                    TLanes u15 = TLanes.Load(x + (5 * xStride) + 16);
                    a05 = TLanes.FusedMultiplyAdd(v0, u15, a05);
                    if (TShape.Rows > 1) a15 = TLanes.FusedMultiplyAdd(v1, u15, a15);
                    if (TShape.Rows > 2) a25 = TLanes.FusedMultiplyAdd(v2, u15, a25);
                    if (TShape.Rows > 2) a35 = TLanes.FusedMultiplyAdd(v3, u15, a35);
                }
                w0 += chunkBytes;
                w1 += chunkBytes;
                w2 += chunkBytes;
                w3 += chunkBytes;
                x += Chunks.Size;
            }
            if (tail == 0)
                break;
            int tailBytes = tail * TFormat.ElementSize;
            new Span<byte>(padded, 4 * Chunks.Size * sizeof(float)).Clear();
            Buffer.MemoryCopy(w0, padded, chunkBytes, tailBytes);
            if (TShape.Rows > 1) Buffer.MemoryCopy(w1, padded + chunkBytes, chunkBytes, tailBytes);
            if (TShape.Rows > 2) Buffer.MemoryCopy(w2, padded + (2 * chunkBytes), chunkBytes, tailBytes);
            if (TShape.Rows > 2) Buffer.MemoryCopy(w3, padded + (3 * chunkBytes), chunkBytes, tailBytes);
            w0 = padded;
            w1 = padded + chunkBytes;
            w2 = padded + (2 * chunkBytes);
            w3 = padded + (3 * chunkBytes);
            (chunks, tail) = (1, 0);
        }
        Finish(y + (0 * yStride), add, a00, a10, a20, a30);
        if (TShape.Tokens > 1) Finish(y + (1 * yStride), add, a01, a11, a21, a31);
        if (TShape.Tokens > 2) Finish(y + (2 * yStride), add, a02, a12, a22, a32);
        if (TShape.Tokens > 3) Finish(y + (3 * yStride), add, a03, a13, a23, a33);
        if (TShape.Tokens > 4) Finish(y + (4 * yStride), add, a04, a14, a24, a34);
        if (TShape.Tokens > 5) Finish(y + (5 * yStride), add, a05, a15, a25, a35);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* y, bool add, TLanes a0, TLanes a1, TLanes a2, TLanes a3)
    {
        Set(y, add, TLanes.Sum(a0));
        if (TShape.Rows > 1) Set(y + 1, add, TLanes.Sum(a1));
        if (TShape.Rows > 2) Set(y + 2, add, TLanes.Sum(a2));
        if (TShape.Rows > 2) Set(y + 3, add, TLanes.Sum(a3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Set(float* y, bool add, float sum) => *y = add ? *y + sum : sum;
}
