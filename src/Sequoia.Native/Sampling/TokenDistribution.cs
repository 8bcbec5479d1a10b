namespace Sequoia.Native.Sampling;

/// <summary>Computes from logits the distribution that is sampled and verified: temperature, top-k, top-p, renormalise.</summary>
internal static unsafe class TokenDistribution
{
    /// <summary>Fills <paramref name="p"/> (padded row, zeros after the vocabulary). The temperature is above 0.</summary>
    public static LogScale FromLogits(VocabularyKernels kernels, float* logits, SamplingOptions options, float* p, SamplingScratch scratch)
    {
        int padded = scratch.Padded;
        // Reciprocals, as on a GPU, where a division for each token would cost more than its exponential.
        float inverse = 1 / options.Temperature, max = kernels.Scale(logits, inverse, p, scratch.Vocabulary);
        kernels.Exp(p, max, padded);
        if (options.TopK > 0 && options.TopK < scratch.Vocabulary)
            kernels.ZeroBelow(p, scratch.Threshold.ForCount(p, scratch.Vocabulary, options.TopK), padded);
        float sum = TiledSum.Of(p, padded, scratch.Tiles);
        // The largest term is 1: only NaN or infinite logits move the sum out of range.
        if (!(sum >= 1 && sum < float.PositiveInfinity))
            throw new InvalidOperationException("The model gave NaN or infinite logits; its weights are damaged.");
        kernels.Multiply(p, 1 / sum, padded);
        if (options.TopP >= 1)
            return new LogScale(inverse, max, sum);
        // At least one unit, so that the most probable token stays however small p is.
        ulong mass = Math.Max(1, (ulong)(options.TopP * MassThreshold.MassUnit));
        kernels.ZeroBelow(p, scratch.Threshold.ForMass(p, scratch.Vocabulary, mass), padded);
        float kept = TiledSum.Of(p, padded, scratch.Tiles);
        kernels.Multiply(p, 1 / kept, padded);
        return new LogScale(inverse, max, sum * kept);
    }

    /// <summary>Draws a token with probability proportional to its weight: the first to arrive in an exponential race; -1 if no weight is positive.</summary>
    public static int Sample(VocabularyKernels kernels, float* weights, RandomKey random, int node, RandomPurpose purpose, SamplingScratch scratch)
    {
        random.Fill(scratch.Random, scratch.Padded, node, purpose);
        return kernels.FirstArrival(weights, scratch.Random, scratch.Padded);
    }
}

/// <summary>Converts a logit to its probability: z = logit * InverseTemperature, p = exp(z - Max) / Sum.</summary>
internal readonly record struct LogScale(float InverseTemperature, float Max, float Sum);

/// <summary>How a distribution is computed from logits: temperature, then top-k, then top-p, then renormalised.</summary>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="TopP">Keeps the most probable tokens whose mass reaches this; 1 keeps all.</param>
/// <param name="TopK">Keeps this many tokens (including all ties at the cutoff); 0 keeps all.</param>
internal readonly record struct SamplingOptions(float Temperature, float TopP = 1, int TopK = 0)
{
    public bool Greedy => Temperature == 0;
}
