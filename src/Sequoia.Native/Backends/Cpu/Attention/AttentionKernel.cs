using System.Runtime.CompilerServices;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// softmax(q K^T / sqrt(d)) V for the query heads that share one KV head, for one row. The j-th key summed is the key at position j,
/// whichever page and row it is in. Every sum's shape depends on j alone, so a path scores the same bits as a chain, in any tree or
/// committed.
/// </summary>
internal static unsafe class AttentionKernel<TLanes> where TLanes : unmanaged, ILanes<TLanes>
{
    private const int Block = KvPool.PageSize;

    /// <summary>The number of floats of scratch for this many positions: scores for two heads, and their scaled queries.</summary>
    public static int Scratch(CpuKvPool pool, int positions) => 2 * (ScoreStride(positions) + pool.ValueStride);

    public static void Attend(float* queries, int heads, CpuKvPool pool, int* pages, int layer, int kvHead, int prefix, ReadOnlySpan<int> path, float* output, float* scratch)
    {
        // Two heads at a time read every key once.
        int headDim = pool.HeadDim, head = 0;
        for (; head <= heads - 2; head += 2)
            Pair(queries + (head * headDim), pool, pages, layer, kvHead, prefix, path, output + (head * headDim), scratch);
        if (head < heads)
            Single(queries + (head * headDim), pool, pages, layer, kvHead, prefix, path, output + (head * headDim), scratch);
    }

    // One more block, since the positions after the last are padded.
    private static int ScoreStride(int positions) => (positions + Block) / Block * Block;

    private static void Pair(float* queries, CpuKvPool pool, int* pages, int layer, int kvHead, int prefix, ReadOnlySpan<int> path, float* output, float* scratch)
    {
        int headDim = pool.HeadDim;
        int rows = prefix + path[^1] + 1;
        float* scaled = scratch, first = scratch + (2 * pool.ValueStride), second = first + ScoreStride(rows);
        Scale(queries, 2 * headDim, headDim, scaled);
        ScoresOfTwo(scaled, pool.Keys(layer, kvHead), pages, headDim, rows, first, second);
        Finish(first, pool, pages, layer, kvHead, prefix, path, output, scaled);
        Finish(second, pool, pages, layer, kvHead, prefix, path, output + headDim, scaled);
    }

    private static void Single(float* query, CpuKvPool pool, int* pages, int layer, int kvHead, int prefix, ReadOnlySpan<int> path, float* output, float* scratch)
    {
        float* scaled = scratch, scores = scratch + (2 * pool.ValueStride);
        Scale(query, pool.HeadDim, pool.HeadDim, scaled);
        Scores(scaled, pool.Keys(layer, kvHead), pages, pool.HeadDim, prefix + path[^1] + 1, scores);
        Finish(scores, pool, pages, layer, kvHead, prefix, path, output, scaled);
    }

    // Fully optimised at once, like all vector code: on one core, tiered compilation takes seconds to reach the second tier.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float* query, int count, int headDim, float* scaled)
    {
        float scale = 1f / MathF.Sqrt(headDim);
        int d = 0;
        for (; d <= count - 16; d += 16)
            TLanes.Store(TLanes.Load(query + d) * TLanes.Broadcast(scale), scaled + d);
        for (; d < count; d++)
            scaled[d] = query[d] * scale;
    }

    /// <summary>Computes the head's output from the scores of all rows up to the node.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish(float* scores, CpuKvPool pool, int* pages, int layer, int kvHead, int prefix, ReadOnlySpan<int> path, float* output, float* sums)
    {
        // All rows are scored: the few rows off the path cost less than skipping them.
        for (int i = 0; i < path.Length; i++)
            scores[prefix + i] = scores[prefix + path[i]];
        TLanes total = TLanes.Broadcast(Softmax(scores, prefix + path.Length));
        float* values = pool.Values(layer, kvHead);
        int stride = pool.ValueStride, d = 0;
        for (; d <= stride - 32; d += 32)
        {
            WeightedSumOfTwo(scores, values + d, pages, stride, prefix, path, out TLanes low, out TLanes high);
            TLanes.Store(low / total, sums + d);
            TLanes.Store(high / total, sums + d + 16);
        }
        if (d < stride)
            TLanes.Store(WeightedSum(scores, values + d, pages, stride, prefix, path) / total, sums + d);
        new ReadOnlySpan<float>(sums, pool.HeadDim).CopyTo(new Span<float>(output, pool.HeadDim));
    }

    /// <summary>Sixteen positions side by side; each score is a chain of fused multiply-adds over the dimensions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores(float* query, float* keys, int* pages, int headDim, int rows, float* scores)
    {
        int blocks = (rows + Block - 1) / Block, block = 0;
        long blockFloats = (long)headDim * Block;
        for (; block <= blocks - 4; block += 4)
        {
            float* k0 = keys + (pages[block] * blockFloats), k1 = keys + (pages[block + 1] * blockFloats);
            float* k2 = keys + (pages[block + 2] * blockFloats), k3 = keys + (pages[block + 3] * blockFloats);
            TLanes s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
            float* q = query;
            for (nint at = 0; at < blockFloats; at += Block, q++)
            {
                TLanes of = TLanes.Broadcast(*q);
                s0 = TLanes.FusedMultiplyAdd(of, TLanes.Load(k0 + at), s0);
                s1 = TLanes.FusedMultiplyAdd(of, TLanes.Load(k1 + at), s1);
                s2 = TLanes.FusedMultiplyAdd(of, TLanes.Load(k2 + at), s2);
                s3 = TLanes.FusedMultiplyAdd(of, TLanes.Load(k3 + at), s3);
            }
            float* s = scores + (block * Block);
            TLanes.Store(s0, s);
            TLanes.Store(s1, s + Block);
            TLanes.Store(s2, s + (2 * Block));
            TLanes.Store(s3, s + (3 * Block));
        }
        for (; block < blocks; block++)
        {
            float* k = keys + (pages[block] * blockFloats);
            TLanes s0 = TLanes.Zero;
            for (int d = 0; d < headDim; d++, k += Block)
                s0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(query[d]), TLanes.Load(k), s0);
            TLanes.Store(s0, scores + (block * Block));
        }
    }

    /// <summary>The same for two queries, <paramref name="headDim"/> floats apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoresOfTwo(float* queries, float* keys, int* pages, int headDim, int rows, float* first, float* second)
    {
        int blocks = (rows + Block - 1) / Block, block = 0;
        long blockFloats = (long)headDim * Block;
        for (; block <= blocks - 2; block += 2)
        {
            float* even = keys + (pages[block] * blockFloats), odd = keys + (pages[block + 1] * blockFloats);
            TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, b0 = TLanes.Zero, b1 = TLanes.Zero;
            float* q = queries;
            for (nint at = 0; at < blockFloats; at += Block, q++)
            {
                TLanes a = TLanes.Broadcast(*q), b = TLanes.Broadcast(q[headDim]);
                TLanes k0 = TLanes.Load(even + at), k1 = TLanes.Load(odd + at);
                a0 = TLanes.FusedMultiplyAdd(a, k0, a0);
                a1 = TLanes.FusedMultiplyAdd(a, k1, a1);
                b0 = TLanes.FusedMultiplyAdd(b, k0, b0);
                b1 = TLanes.FusedMultiplyAdd(b, k1, b1);
            }
            TLanes.Store(a0, first + (block * Block));
            TLanes.Store(a1, first + ((block + 1) * Block));
            TLanes.Store(b0, second + (block * Block));
            TLanes.Store(b1, second + ((block + 1) * Block));
        }
        if (block < blocks)
        {
            float* k = keys + (pages[block] * blockFloats);
            TLanes a0 = TLanes.Zero, b0 = TLanes.Zero;
            for (int d = 0; d < headDim; d++, k += Block)
            {
                TLanes k0 = TLanes.Load(k);
                a0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(queries[d]), k0, a0);
                b0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(queries[headDim + d]), k0, b0);
            }
            TLanes.Store(a0, first + (block * Block));
            TLanes.Store(b0, second + (block * Block));
        }
    }

    /// <summary>Replaces scores by exp(score - max) and returns their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Softmax(float* scores, int count)
    {
        int padded = (count + 15) / 16 * 16;
        for (int i = count; i < padded; i++)
            scores[i] = float.NegativeInfinity;
        TLanes largest = TLanes.Load(scores);
        for (int i = 16; i < padded; i += 16)
            largest = TLanes.Max(largest, TLanes.Load(scores + i));
        TLanes max = TLanes.Broadcast(TLanes.Largest(largest)), sum = TLanes.Zero;
        for (int i = 0; i < padded; i += 16)
        {
            TLanes e = ExactMath.Exp(TLanes.Load(scores + i) - max);
            TLanes.Store(e, scores + i);
            sum += e;
        }
        return TLanes.Sum(sum);
    }

    /// <summary>
    /// 32 dimensions of sum over j of weight[j] * value[j]. Four partial sums by j % 4, added at the end, hide the latency of the
    /// additions.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WeightedSumOfTwo(float* weights, float* values, int* pages, int stride, int prefix, ReadOnlySpan<int> path, out TLanes low, out TLanes high)
    {
        TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
        TLanes b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
        int j = 0, count = prefix + path.Length;
        long pageFloats = (long)Block * stride;
        float* v;
        for (int whole = prefix / 4 * 4; j < whole;)
        {
            v = values + (pages[j / Block] * pageFloats);
            for (int end = Math.Min(whole, j + Block); j < end; j += 4, v += 4 * stride)
            {
                TLanes w0 = TLanes.Broadcast(weights[j]), w1 = TLanes.Broadcast(weights[j + 1]);
                TLanes w2 = TLanes.Broadcast(weights[j + 2]), w3 = TLanes.Broadcast(weights[j + 3]);
                a0 = TLanes.FusedMultiplyAdd(w0, TLanes.Load(v), a0);
                b0 = TLanes.FusedMultiplyAdd(w0, TLanes.Load(v + 16), b0);
                a1 = TLanes.FusedMultiplyAdd(w1, TLanes.Load(v + stride), a1);
                b1 = TLanes.FusedMultiplyAdd(w1, TLanes.Load(v + stride + 16), b1);
                a2 = TLanes.FusedMultiplyAdd(w2, TLanes.Load(v + (2 * stride)), a2);
                b2 = TLanes.FusedMultiplyAdd(w2, TLanes.Load(v + (2 * stride) + 16), b2);
                a3 = TLanes.FusedMultiplyAdd(w3, TLanes.Load(v + (3 * stride)), a3);
                b3 = TLanes.FusedMultiplyAdd(w3, TLanes.Load(v + (3 * stride) + 16), b3);
            }
        }
        // The remainder in the same order of partial sums: j is a multiple of four here.
        for (; j < count; j++)
        {
            TLanes w = TLanes.Broadcast(weights[j]);
            v = values + (Row(j, pages, prefix, path) * stride);
            a0 = TLanes.FusedMultiplyAdd(w, TLanes.Load(v), a0);
            b0 = TLanes.FusedMultiplyAdd(w, TLanes.Load(v + 16), b0);
            // Rotating the names keeps the partial sum of j % 4 in first place.
            (a0, a1, a2, a3) = (a1, a2, a3, a0);
            (b0, b1, b2, b3) = (b1, b2, b3, b0);
        }
        for (; (j & 3) != 0; j++)
        {
            (a0, a1, a2, a3) = (a1, a2, a3, a0);
            (b0, b1, b2, b3) = (b1, b2, b3, b0);
        }
        low = (a0 + a1) + (a2 + a3);
        high = (b0 + b1) + (b2 + b3);
    }

    /// <summary>The same for sixteen dimensions: heads whose size is not a multiple of 32 end in one of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TLanes WeightedSum(float* weights, float* values, int* pages, int stride, int prefix, ReadOnlySpan<int> path)
    {
        TLanes s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
        int j = 0;
        for (int count = prefix + path.Length; j < count; j++)
        {
            s0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(weights[j]), TLanes.Load(values + (Row(j, pages, prefix, path) * stride)), s0);
            (s0, s1, s2, s3) = (s1, s2, s3, s0);
        }
        for (; (j & 3) != 0; j++)
            (s0, s1, s2, s3) = (s1, s2, s3, s0);
        return (s0 + s1) + (s2 + s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Row(int position, int* pages, int prefix, ReadOnlySpan<int> path)
    {
        int row = position < prefix ? position : prefix + path[position - prefix];
        return ((long)pages[row / Block] * Block) + (row % Block);
    }
}
