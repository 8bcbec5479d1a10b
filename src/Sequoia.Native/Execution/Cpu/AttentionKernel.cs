using System.Runtime.CompilerServices;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>
/// softmax(q K^T / sqrt(d)) V for one head of one row. The j-th key summed is the key at position j, whichever buffer row it lies
/// in; every sum's shape depends on j alone, so a path scores the same bits as a chain, in any tree or committed.
/// </summary>
internal static unsafe class AttentionKernel<TLanes> where TLanes : unmanaged, ILanes<TLanes>
{
    private const int Block = CpuKvCache.BlockSize;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(float* query, CpuKvCache cache, int layer, int kvHead, int prefix, ReadOnlySpan<int> path, float* output, float* scratch)
    {
        int headDim = cache.HeadDim, valueStride = cache.ValueStride;
        float* scaled = scratch, scores = scratch + valueStride;
        float scale = 1f / MathF.Sqrt(headDim);
        for (int d = 0; d < headDim; d++)
            scaled[d] = query[d] * scale;

        // All rows up to the node itself: the few that are not on the path cost less than skipping them.
        Scores(scaled, cache.Keys(layer, kvHead), headDim, prefix + path[^1] + 1, scores);
        for (int i = 0; i < path.Length; i++)
            scores[prefix + i] = scores[prefix + path[i]];
        int count = prefix + path.Length;
        float total = Softmax(scores, count);

        float* values = cache.Values(layer, kvHead);
        for (int d = 0; d < valueStride; d += 16)
        {
            TLanes sum = WeightedSum(scores, values + d, valueStride, prefix, path) / TLanes.Broadcast(total);
            // The query is no longer needed; its scratch holds a whole number of vectors.
            TLanes.Store(sum, scaled + d);
        }
        new ReadOnlySpan<float>(scaled, headDim).CopyTo(new Span<float>(output, headDim));
    }

    /// <summary>Sixteen positions side by side; each score is a chain of fused multiply-adds over the dimensions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores(float* query, float* keys, int headDim, int rows, float* scores)
    {
        int blocks = (rows + Block - 1) / Block, block = 0;
        long blockFloats = (long)headDim * Block;
        for (; block <= blocks - 4; block += 4)
        {
            float* k = keys + (block * blockFloats);
            TLanes s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
            for (int d = 0; d < headDim; d++, k += Block)
            {
                TLanes q = TLanes.Broadcast(query[d]);
                s0 = TLanes.FusedMultiplyAdd(q, TLanes.Load(k), s0);
                s1 = TLanes.FusedMultiplyAdd(q, TLanes.Load(k + blockFloats), s1);
                s2 = TLanes.FusedMultiplyAdd(q, TLanes.Load(k + (2 * blockFloats)), s2);
                s3 = TLanes.FusedMultiplyAdd(q, TLanes.Load(k + (3 * blockFloats)), s3);
            }
            float* s = scores + (block * Block);
            TLanes.Store(s0, s);
            TLanes.Store(s1, s + Block);
            TLanes.Store(s2, s + (2 * Block));
            TLanes.Store(s3, s + (3 * Block));
        }
        for (; block < blocks; block++)
        {
            float* k = keys + (block * blockFloats);
            TLanes s0 = TLanes.Zero;
            for (int d = 0; d < headDim; d++, k += Block)
                s0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(query[d]), TLanes.Load(k), s0);
            TLanes.Store(s0, scores + (block * Block));
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

    /// <summary>Sixteen dimensions of sum over j of weight[j] * value[j]: four partial sums by j % 4 hide the latency of the additions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes WeightedSum(float* weights, float* values, int stride, int prefix, ReadOnlySpan<int> path)
    {
        TLanes s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
        int j = 0;
        float* v = values;
        for (; j <= prefix - 4; j += 4, v += 4 * stride)
        {
            s0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(weights[j]), TLanes.Load(v), s0);
            s1 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(weights[j + 1]), TLanes.Load(v + stride), s1);
            s2 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(weights[j + 2]), TLanes.Load(v + (2 * stride)), s2);
            s3 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(weights[j + 3]), TLanes.Load(v + (3 * stride)), s3);
        }
        for (int count = prefix + path.Length; j < count; j++)
        {
            int row = j < prefix ? j : prefix + path[j - prefix];
            TLanes w = TLanes.Broadcast(weights[j]), x = TLanes.Load(values + ((long)row * stride));
            switch (j & 3)
            {
                case 0:
                    s0 = TLanes.FusedMultiplyAdd(w, x, s0);
                    break;
                case 1:
                    s1 = TLanes.FusedMultiplyAdd(w, x, s1);
                    break;
                case 2:
                    s2 = TLanes.FusedMultiplyAdd(w, x, s2);
                    break;
                default:
                    s3 = TLanes.FusedMultiplyAdd(w, x, s3);
                    break;
            }
        }
        return (s0 + s1) + (s2 + s3);
    }
}
