using System.Numerics;
using System.Runtime.CompilerServices;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Sampling;

/// <summary>
/// Passes over rows of the vocabulary, for one instruction set; all give the same bits. A row has room for
/// <see cref="Padded"/> floats. The padding after the last token is -infinity in a row of scores and 0 in a row of probabilities.
/// </summary>
internal abstract unsafe class VocabularyKernels
{
    /// <summary>Rows are whole tiles of <see cref="TiledSum"/>.</summary>
    public static int Padded(int vocabulary) => (vocabulary + TiledSum.TileSize - 1) / TiledSum.TileSize * TiledSum.TileSize;

    /// <summary>scores = logits * factor; returns the largest.</summary>
    public abstract float Scale(float* logits, float factor, float* scores, int vocabulary);

    /// <summary>x = exp(x - max), in place.</summary>
    public abstract void Exp(float* x, float max, int padded);

    /// <summary>x = x * factor, in place.</summary>
    public abstract void Multiply(float* x, float factor, int padded);

    /// <summary>x = 0 where x is below the threshold, in place.</summary>
    public abstract void ZeroBelow(float* x, float threshold, int padded);

    /// <summary>
    /// The tokens with the largest z - maximum + Gumbel noise among those with q &gt; 0, in descending order, ties by ascending token; returns
    /// their number. <paramref name="scale"/> turns logits into z and q.
    /// </summary>
    public abstract int LargestNoisy(
        float* logits, float* q, LogScale scale, uint* random, int padded, Span<float> bestKeys, Span<int> bestTokens);

    /// <summary>The same among the tokens with q = 0, by their noise alone.</summary>
    public abstract int LargestNoise(float* q, uint* random, int vocabulary, Span<float> bestKeys, Span<int> bestTokens);

    /// <summary>The token whose exponential noise / weight is smallest, the first of equal ones; -1 if no weight is positive.</summary>
    public abstract int FirstArrival(float* weights, uint* random, int padded);

    /// <summary>residual = max(p - level * q, 0).</summary>
    public abstract void Residual(float* p, float level, float* q, float* residual, int padded);

    /// <summary>The k largest keys above -infinity in descending order, ties by ascending token; returns their number.</summary>
    public abstract int Largest(float* keys, int count, Span<float> bestKeys, Span<int> bestTokens);

    /// <summary>The first token with the largest logit.</summary>
    public int ArgMax(float* logits, int vocabulary)
    {
        Span<float> key = stackalloc float[1];
        Span<int> token = stackalloc int[1];
        return Largest(logits, vocabulary, key, token) == 1
            ? token[0]
            : throw new InvalidOperationException("The model gave no logit above -infinity (NaN weights?).");
    }
}

internal sealed unsafe class VocabularyKernels<TLanes> : VocabularyKernels where TLanes : unmanaged, ILanes<TLanes>
{
    private const int Width = 16;

    // Below this a probability has lost digits to underflow, but the bound on its key must not.
    private const float SmallestNormal = 1.17549435e-38f;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override float Scale(float* logits, float factor, float* scores, int vocabulary)
    {
        TLanes f = TLanes.Broadcast(factor), max = TLanes.Broadcast(float.NegativeInfinity);
        int i = 0;
        for (; i <= vocabulary - Width; i += Width)
        {
            TLanes z = TLanes.Load(logits + i) * f;
            TLanes.Store(z, scores + i);
            max = TLanes.Max(z, max);
        }
        float largest = TLanes.Largest(max);
        for (; i < vocabulary; i++)
        {
            scores[i] = logits[i] * factor;
            largest = scores[i] > largest ? scores[i] : largest;
        }
        new Span<float>(scores + vocabulary, Padded(vocabulary) - vocabulary).Fill(float.NegativeInfinity);
        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Exp(float* x, float max, int padded)
    {
        TLanes m = TLanes.Broadcast(max);
        for (int i = 0; i < padded; i += Width)
            TLanes.Store(ExactMath.Exp(TLanes.Load(x + i) - m), x + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Multiply(float* x, float factor, int padded)
    {
        TLanes f = TLanes.Broadcast(factor);
        for (int i = 0; i < padded; i += Width)
            TLanes.Store(TLanes.Load(x + i) * f, x + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ZeroBelow(float* x, float threshold, int padded)
    {
        TLanes t = TLanes.Broadcast(threshold);
        for (int i = 0; i < padded; i += Width)
        {
            TLanes v = TLanes.Load(x + i);
            TLanes.Store(TLanes.SelectLess(v, t, TLanes.Zero, v), x + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int LargestNoisy(
        float* logits, float* q, LogScale scale, uint* random, int padded, Span<float> bestKeys, Span<int> bestTokens)
    {
        float* keys = stackalloc float[Width];
        int found = 0;
        float threshold = float.NegativeInfinity;
        TLanes inverse = TLanes.Broadcast(scale.InverseTemperature), max = TLanes.Broadcast(scale.Max), reach = TLanes.Broadcast(float.PositiveInfinity);
        for (int i = 0; i < padded; i += Width)
        {
            TLanes u = Uniform(random + i), weight = TLanes.Load(q + i);
            // A key above the threshold needs E < exp(z - threshold), and E >= u: this excludes nearly all tokens before any logarithm.
            if (TLanes.MaskGreater(TLanes.Max(weight, TLanes.Broadcast(SmallestNormal)) * reach, u) == 0)
                continue;
            // Minus the maximum, as in q itself: large scores would round the noise away.
            TLanes key = (TLanes.Load(logits + i) * inverse) - max - ExactMath.Log(ExactMath.NegativeLog1m(u));
            key = TLanes.SelectLess(TLanes.Zero, weight, key, TLanes.Broadcast(float.NegativeInfinity));
            uint mask = TLanes.MaskGreater(key, TLanes.Broadcast(threshold));
            if (mask == 0)
                continue;
            TLanes.Store(key, keys);
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                Insert(keys[lane], i + lane, bestKeys, bestTokens, ref found, ref threshold);
            }
            // The margin covers the rounding of q, of this bound and of the key; it costs a few logarithms and no bit of the result.
            reach = TLanes.Broadcast(1.01f * scale.Sum * MathF.Exp(-threshold));
        }
        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int LargestNoise(float* q, uint* random, int vocabulary, Span<float> bestKeys, Span<int> bestTokens)
    {
        float* keys = stackalloc float[Width];
        int found = 0;
        float threshold = float.NegativeInfinity;
        for (int i = 0; i < vocabulary; i += Width)
        {
            TLanes.Store(TLanes.Zero - ExactMath.Log(ExactMath.NegativeLog1m(Uniform(random + i))), keys);
            for (int lane = 0; lane < Math.Min(Width, vocabulary - i); lane++)
            {
                if (q[i + lane] == 0)
                    Insert(keys[lane], i + lane, bestKeys, bestTokens, ref found, ref threshold);
            }
        }
        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int FirstArrival(float* weights, uint* random, int padded)
    {
        float* times = stackalloc float[Width];
        float first = float.PositiveInfinity;
        int token = -1;
        for (int i = 0; i < padded; i += Width)
        {
            TLanes u = Uniform(random + i), weight = TLanes.Load(weights + i);
            // A time before the first needs E < first * weight, and E >= u. Zero weights (infinity times zero at the start) never pass.
            if (TLanes.MaskGreater(weight * TLanes.Broadcast(1.01f * first), u) == 0)
                continue;
            TLanes.Store(TLanes.SelectLess(TLanes.Zero, weight, ExactMath.NegativeLog1m(u) / weight, TLanes.Broadcast(float.PositiveInfinity)), times);
            for (int lane = 0; lane < Width; lane++)
            {
                if (times[lane] < first)
                    (first, token) = (times[lane], i + lane);
            }
        }
        return token;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Residual(float* p, float level, float* q, float* residual, int padded)
    {
        TLanes minusLevel = TLanes.Broadcast(-level);
        for (int i = 0; i < padded; i += Width)
        {
            TLanes r = TLanes.FusedMultiplyAdd(minusLevel, TLanes.Load(q + i), TLanes.Load(p + i));
            TLanes.Store(TLanes.Max(r, TLanes.Zero), residual + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int Largest(float* keys, int count, Span<float> bestKeys, Span<int> bestTokens)
    {
        int found = 0, i = 0;
        float threshold = float.NegativeInfinity;
        for (; i <= count - Width; i += Width)
        {
            uint mask = TLanes.MaskGreater(TLanes.Load(keys + i), TLanes.Broadcast(threshold));
            for (; mask != 0; mask &= mask - 1)
            {
                int token = i + BitOperations.TrailingZeroCount(mask);
                Insert(keys[token], token, bestKeys, bestTokens, ref found, ref threshold);
            }
        }
        for (; i < count; i++)
            Insert(keys[i], i, bestKeys, bestTokens, ref found, ref threshold);
        return found;
    }

    /// <summary>u = min((r + 1/2) 2^-32, 1 - 2^-24); -log(1 - u) is then exponential, and fine-grained near 0, where races are decided.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Uniform(uint* random)
    {
        TLanes u = TLanes.FusedMultiplyAdd(TLanes.ConvertUInt32(random), TLanes.Broadcast(1f / 4294967296f), TLanes.Broadcast(0.5f / 4294967296f));
        return TLanes.Min(u, TLanes.Broadcast(1f - (1f / 16777216f)));
    }

    private static void Insert(float key, int token, Span<float> bestKeys, Span<int> bestTokens, ref int found, ref float threshold)
    {
        if (!(key > threshold))
            return;
        int at = found < bestKeys.Length ? found++ : found - 1;
        for (; at > 0 && bestKeys[at - 1] < key; at--)
            (bestKeys[at], bestTokens[at]) = (bestKeys[at - 1], bestTokens[at - 1]);
        (bestKeys[at], bestTokens[at]) = (key, token);
        if (found == bestKeys.Length)
            threshold = bestKeys[^1];
    }
}
