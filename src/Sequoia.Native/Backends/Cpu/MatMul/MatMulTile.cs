using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// y[token][row] = sum over k of w[row][k] * x[token][k] for one register tile. Every dot product has one accumulator of sixteen
/// lanes that steps through the chunks in order, whatever the tile's shape: that is what makes the product batch-invariant.
/// </summary>
internal static unsafe class MatMulTile<TLanes, TFormat, TShape>
    where TLanes : unmanaged, ILanes<TLanes>
    where TFormat : struct, IWeightFormat<TLanes>
    where TShape : struct, ITileShape
{
    private const long PrefetchBytes = 12 * 1024;

    /// <summary>JIT constraint: a call inside the loops, or large locals next to them, spills the accumulators to memory.</summary>
    /// <param name="weights">The first tile's first row; rows are contiguous.</param>
    /// <param name="tiles">The number of tiles, one below the other.</param>
    /// <param name="columns">Elements of a row, in whole chunks.</param>
    /// <param name="x">The first token's input, in the format's layout.</param>
    /// <param name="xStride">Floats from token to token.</param>
    /// <param name="y">The first token's output at the first row.</param>
    /// <param name="yStride">Floats from token to token.</param>
    /// <param name="add">Whether to add to y instead of setting it.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(byte* weights, int tiles, int columns, float* x, long xStride, float* y, long yStride, bool add)
    {
        long rowBytes = (long)columns * TFormat.ElementSize, tileBytes = TShape.Rows * rowBytes;
        // In whole tiles, so that every line is prefetched once; far enough to hide memory latency, near enough to stay in the cache.
        long ahead = tileBytes * Math.Max(1, PrefetchBytes / tileBytes);
        int chunks = columns / Chunks.Size;
        for (; tiles > 0; tiles--)
        {
            byte* w0 = weights, w1 = w0 + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes;
            float* input = x;
            TLanes a00 = TLanes.Zero, a10 = TLanes.Zero, a20 = TLanes.Zero, a30 = TLanes.Zero;
            TLanes a01 = TLanes.Zero, a11 = TLanes.Zero, a21 = TLanes.Zero, a31 = TLanes.Zero;
            TLanes a02 = TLanes.Zero, a12 = TLanes.Zero, a22 = TLanes.Zero, a32 = TLanes.Zero;
            TLanes a03 = TLanes.Zero, a13 = TLanes.Zero, a23 = TLanes.Zero, a33 = TLanes.Zero;
            TLanes a04 = TLanes.Zero, a14 = TLanes.Zero, a24 = TLanes.Zero, a34 = TLanes.Zero;
            TLanes a05 = TLanes.Zero, a15 = TLanes.Zero, a25 = TLanes.Zero, a35 = TLanes.Zero;
            for (int chunk = chunks; chunk > 0; chunk--)
            {
                if (Sse.IsSupported)
                {
                    // Each row is its own stream, too short for the hardware prefetcher to detect.
                    Sse.Prefetch1(w0 + ahead);
                    if (TShape.Rows > 1) Sse.Prefetch1(w1 + ahead);
                    if (TShape.Rows > 2) Sse.Prefetch1(w2 + ahead);
                    if (TShape.Rows > 2) Sse.Prefetch1(w3 + ahead);
                }
                TLanes v0 = TFormat.First(w0);
                TLanes v1 = TShape.Rows > 1 ? TFormat.First(w1) : TLanes.Zero;
                TLanes v2 = TShape.Rows > 2 ? TFormat.First(w2) : TLanes.Zero;
                TLanes v3 = TShape.Rows > 2 ? TFormat.First(w3) : TLanes.Zero;
                TLanes x00 = TLanes.Load(input);
                a00 = TLanes.FusedMultiplyAdd(v0, x00, a00);
                if (TShape.Rows > 1) a10 = TLanes.FusedMultiplyAdd(v1, x00, a10);
                if (TShape.Rows > 2) a20 = TLanes.FusedMultiplyAdd(v2, x00, a20);
                if (TShape.Rows > 2) a30 = TLanes.FusedMultiplyAdd(v3, x00, a30);
                if (TShape.Tokens > 1)
                {
                    TLanes x01 = TLanes.Load(input + xStride);
                    a01 = TLanes.FusedMultiplyAdd(v0, x01, a01);
                    if (TShape.Rows > 1) a11 = TLanes.FusedMultiplyAdd(v1, x01, a11);
                    if (TShape.Rows > 2) a21 = TLanes.FusedMultiplyAdd(v2, x01, a21);
                    if (TShape.Rows > 2) a31 = TLanes.FusedMultiplyAdd(v3, x01, a31);
                }
                if (TShape.Tokens > 2)
                {
                    TLanes x02 = TLanes.Load(input + (2 * xStride));
                    a02 = TLanes.FusedMultiplyAdd(v0, x02, a02);
                    if (TShape.Rows > 1) a12 = TLanes.FusedMultiplyAdd(v1, x02, a12);
                    if (TShape.Rows > 2) a22 = TLanes.FusedMultiplyAdd(v2, x02, a22);
                    if (TShape.Rows > 2) a32 = TLanes.FusedMultiplyAdd(v3, x02, a32);
                }
                if (TShape.Tokens > 3)
                {
                    TLanes x03 = TLanes.Load(input + (3 * xStride));
                    a03 = TLanes.FusedMultiplyAdd(v0, x03, a03);
                    if (TShape.Rows > 1) a13 = TLanes.FusedMultiplyAdd(v1, x03, a13);
                    if (TShape.Rows > 2) a23 = TLanes.FusedMultiplyAdd(v2, x03, a23);
                    if (TShape.Rows > 2) a33 = TLanes.FusedMultiplyAdd(v3, x03, a33);
                }
                if (TShape.Tokens > 4)
                {
                    TLanes x04 = TLanes.Load(input + (4 * xStride));
                    a04 = TLanes.FusedMultiplyAdd(v0, x04, a04);
                    if (TShape.Rows > 1) a14 = TLanes.FusedMultiplyAdd(v1, x04, a14);
                    if (TShape.Rows > 2) a24 = TLanes.FusedMultiplyAdd(v2, x04, a24);
                    if (TShape.Rows > 2) a34 = TLanes.FusedMultiplyAdd(v3, x04, a34);
                }
                if (TShape.Tokens > 5)
                {
                    TLanes x05 = TLanes.Load(input + (5 * xStride));
                    a05 = TLanes.FusedMultiplyAdd(v0, x05, a05);
                    if (TShape.Rows > 1) a15 = TLanes.FusedMultiplyAdd(v1, x05, a15);
                    if (TShape.Rows > 2) a25 = TLanes.FusedMultiplyAdd(v2, x05, a25);
                    if (TShape.Rows > 2) a35 = TLanes.FusedMultiplyAdd(v3, x05, a35);
                }
                TLanes u0 = TFormat.Second(w0);
                TLanes u1 = TShape.Rows > 1 ? TFormat.Second(w1) : TLanes.Zero;
                TLanes u2 = TShape.Rows > 2 ? TFormat.Second(w2) : TLanes.Zero;
                TLanes u3 = TShape.Rows > 2 ? TFormat.Second(w3) : TLanes.Zero;
                TLanes x10 = TLanes.Load(input + 16);
                a00 = TLanes.FusedMultiplyAdd(u0, x10, a00);
                if (TShape.Rows > 1) a10 = TLanes.FusedMultiplyAdd(u1, x10, a10);
                if (TShape.Rows > 2) a20 = TLanes.FusedMultiplyAdd(u2, x10, a20);
                if (TShape.Rows > 2) a30 = TLanes.FusedMultiplyAdd(u3, x10, a30);
                if (TShape.Tokens > 1)
                {
                    TLanes x11 = TLanes.Load(input + xStride + 16);
                    a01 = TLanes.FusedMultiplyAdd(u0, x11, a01);
                    if (TShape.Rows > 1) a11 = TLanes.FusedMultiplyAdd(u1, x11, a11);
                    if (TShape.Rows > 2) a21 = TLanes.FusedMultiplyAdd(u2, x11, a21);
                    if (TShape.Rows > 2) a31 = TLanes.FusedMultiplyAdd(u3, x11, a31);
                }
                if (TShape.Tokens > 2)
                {
                    TLanes x12 = TLanes.Load(input + (2 * xStride) + 16);
                    a02 = TLanes.FusedMultiplyAdd(u0, x12, a02);
                    if (TShape.Rows > 1) a12 = TLanes.FusedMultiplyAdd(u1, x12, a12);
                    if (TShape.Rows > 2) a22 = TLanes.FusedMultiplyAdd(u2, x12, a22);
                    if (TShape.Rows > 2) a32 = TLanes.FusedMultiplyAdd(u3, x12, a32);
                }
                if (TShape.Tokens > 3)
                {
                    TLanes x13 = TLanes.Load(input + (3 * xStride) + 16);
                    a03 = TLanes.FusedMultiplyAdd(u0, x13, a03);
                    if (TShape.Rows > 1) a13 = TLanes.FusedMultiplyAdd(u1, x13, a13);
                    if (TShape.Rows > 2) a23 = TLanes.FusedMultiplyAdd(u2, x13, a23);
                    if (TShape.Rows > 2) a33 = TLanes.FusedMultiplyAdd(u3, x13, a33);
                }
                if (TShape.Tokens > 4)
                {
                    TLanes x14 = TLanes.Load(input + (4 * xStride) + 16);
                    a04 = TLanes.FusedMultiplyAdd(u0, x14, a04);
                    if (TShape.Rows > 1) a14 = TLanes.FusedMultiplyAdd(u1, x14, a14);
                    if (TShape.Rows > 2) a24 = TLanes.FusedMultiplyAdd(u2, x14, a24);
                    if (TShape.Rows > 2) a34 = TLanes.FusedMultiplyAdd(u3, x14, a34);
                }
                if (TShape.Tokens > 5)
                {
                    TLanes x15 = TLanes.Load(input + (5 * xStride) + 16);
                    a05 = TLanes.FusedMultiplyAdd(u0, x15, a05);
                    if (TShape.Rows > 1) a15 = TLanes.FusedMultiplyAdd(u1, x15, a15);
                    if (TShape.Rows > 2) a25 = TLanes.FusedMultiplyAdd(u2, x15, a25);
                    if (TShape.Rows > 2) a35 = TLanes.FusedMultiplyAdd(u3, x15, a35);
                }
                w0 += Chunks.Size * TFormat.ElementSize;
                w1 += Chunks.Size * TFormat.ElementSize;
                w2 += Chunks.Size * TFormat.ElementSize;
                w3 += Chunks.Size * TFormat.ElementSize;
                input += Chunks.Size;
            }
            Finish(a00, a10, a20, a30, y + (0 * yStride), add);
            if (TShape.Tokens > 1) Finish(a01, a11, a21, a31, y + (1 * yStride), add);
            if (TShape.Tokens > 2) Finish(a02, a12, a22, a32, y + (2 * yStride), add);
            if (TShape.Tokens > 3) Finish(a03, a13, a23, a33, y + (3 * yStride), add);
            if (TShape.Tokens > 4) Finish(a04, a14, a24, a34, y + (4 * yStride), add);
            if (TShape.Tokens > 5) Finish(a05, a15, a25, a35, y + (5 * yStride), add);
            weights += tileBytes;
            y += TShape.Rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(TLanes a0, TLanes a1, TLanes a2, TLanes a3, float* y, bool add)
    {
        if (TShape.Rows == 4)
        {
            TLanes.SumFour(a0, a1, a2, a3, y, add);
            return;
        }
        float sum = TLanes.Sum(a0);
        y[0] = add ? y[0] + sum : sum;
        if (TShape.Rows == 1)
            return;
        sum = TLanes.Sum(a1);
        y[1] = add ? y[1] + sum : sum;
    }
}
