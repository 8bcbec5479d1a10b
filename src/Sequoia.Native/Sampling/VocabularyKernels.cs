using System.Runtime.CompilerServices;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Sampling;

/// <summary>
/// Passes over rows of the vocabulary, for one instruction set; all give the same bits. A row has room for
/// <see cref="Padded"/> floats. What lies behind the last token is -infinity in a row of scores and 0 in a row of probabilities.
/// </summary>
internal abstract unsafe class VocabularyKernels
{
    /// <summary>Rows are whole tiles of <see cref="TiledSum"/>.</summary>
    public static int Padded(int vocabulary) => (vocabulary + TiledSum.TileSize - 1) / TiledSum.TileSize * TiledSum.TileSize;

    /// <summary>scores = logits / temperature; returns the largest.</summary>
    public abstract float Scale(float* logits, float temperature, float* scores, int vocabulary);

    /// <summary>x = exp(x - max), in place.</summary>
    public abstract void Exp(float* x, float max, int padded);

    /// <summary>x = x / divisor, in place.</summary>
    public abstract void Divide(float* x, float divisor, int padded);

    /// <summary>x = 0 where x is below the threshold, in place.</summary>
    public abstract void ZeroBelow(float* x, float threshold, int padded);

    /// <summary>
    /// keys = logits / temperature + Gumbel noise where q > 0, else -infinity; in the second round (<paramref name="exhausted"/>)
    /// the noise alone where q = 0, else -infinity.
    /// </summary>
    public abstract void GumbelKeys(float* logits, float temperature, float* q, uint* random, float* keys, int padded, bool exhausted);

    /// <summary>times = exponential noise / weight where the weight is positive, else infinity; returns the smallest.</summary>
    public abstract float RaceTimes(float* weights, uint* random, float* times, int padded);

    /// <summary>residual = max(p - level * q, 0).</summary>
    public abstract void Residual(float* p, float level, float* q, float* residual, int padded);

    /// <summary>The k largest keys above -infinity in descending order, equal ones by ascending token; returns how many there are.</summary>
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override float Scale(float* logits, float temperature, float* scores, int vocabulary)
    {
        TLanes divisor = TLanes.Broadcast(temperature), max = TLanes.Broadcast(float.NegativeInfinity);
        int i = 0;
        for (; i <= vocabulary - Width; i += Width)
        {
            TLanes z = TLanes.Load(logits + i) / divisor;
            TLanes.Store(z, scores + i);
            max = TLanes.Max(z, max);
        }
        float largest = TLanes.Largest(max);
        for (; i < vocabulary; i++)
        {
            scores[i] = logits[i] / temperature;
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
    public override void Divide(float* x, float divisor, int padded)
    {
        TLanes d = TLanes.Broadcast(divisor);
        for (int i = 0; i < padded; i += Width)
            TLanes.Store(TLanes.Load(x + i) / d, x + i);
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
    public override void GumbelKeys(float* logits, float temperature, float* q, uint* random, float* keys, int padded, bool exhausted)
    {
        TLanes divisor = TLanes.Broadcast(temperature), none = TLanes.Broadcast(float.NegativeInfinity);
        for (int i = 0; i < padded; i += Width)
        {
            TLanes gumbel = TLanes.Zero - ExactMath.Log(Exponential(random + i));
            TLanes weight = TLanes.Load(q + i);
            TLanes key = exhausted
                ? TLanes.SelectLess(TLanes.Zero, weight, none, gumbel)
                : TLanes.SelectLess(TLanes.Zero, weight, (TLanes.Load(logits + i) / divisor) + gumbel, none);
            TLanes.Store(key, keys + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override float RaceTimes(float* weights, uint* random, float* times, int padded)
    {
        TLanes never = TLanes.Broadcast(float.PositiveInfinity), first = never;
        for (int i = 0; i < padded; i += Width)
        {
            TLanes w = TLanes.Load(weights + i);
            TLanes time = TLanes.SelectLess(TLanes.Zero, w, Exponential(random + i) / w, never);
            TLanes.Store(time, times + i);
            first = TLanes.Min(time, first);
        }
        return -TLanes.Largest(TLanes.Zero - first);
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
                int token = i + System.Numerics.BitOperations.TrailingZeroCount(mask);
                Insert(keys[token], token, bestKeys, bestTokens, ref found, ref threshold);
            }
        }
        for (; i < count; i++)
            Insert(keys[i], i, bestKeys, bestTokens, ref found, ref threshold);
        return found;
    }

    /// <summary>u = min((r + 1/2) 2^-32, 1 - 2^-24), then -log(1 - u): fine-grained near 0, where races are decided.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Exponential(uint* random)
    {
        TLanes u = TLanes.FusedMultiplyAdd(TLanes.ConvertUInt32(random), TLanes.Broadcast(1f / 4294967296f), TLanes.Broadcast(0.5f / 4294967296f));
        return ExactMath.NegativeLog1m(TLanes.Min(u, TLanes.Broadcast(1f - (1f / 16777216f))));
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
