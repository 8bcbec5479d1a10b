namespace Sequoia.Native.Sampling;

/// <summary>
/// Draws a node's children without replacement, in drawing order (sequoia.md 3): the k largest of logit / T + Gumbel noise are a
/// sample without replacement from softmax(logit / T), first drawn first.
/// </summary>
internal static unsafe class ChildSampler
{
    /// <summary>
    /// Fills <paramref name="children"/> (distinct tokens) and, unless greedy, <paramref name="q"/>, the distribution they were
    /// drawn from. Tokens with q = 0 rank behind all others by their noise alone, so every planned child exists.
    /// </summary>
    public static void Draw(
        VocabularyKernels kernels, float* logits, SamplingOptions options, RandomKey random, int node, float* q, Span<int> children, SamplingScratch scratch)
    {
        Span<float> keys = scratch.BestKeys.AsSpan(0, children.Length);
        if (options.Greedy)
        {
            if (kernels.Largest(logits, scratch.Vocabulary, keys, children) < children.Length)
                throw new InvalidOperationException("The draft model gave NaN logits; its weights are damaged.");
            return;
        }
        LogScale scale = TokenDistribution.FromLogits(kernels, logits, options, q, scratch);
        random.Fill(scratch.Random, scratch.Padded, node, RandomPurpose.DraftNoise);
        int found = kernels.LargestNoisy(logits, options.Temperature, q, scale, scratch.Random, scratch.Padded, keys, children);
        if (found < children.Length)
            kernels.LargestNoise(q, scratch.Random, scratch.Vocabulary, keys[found..], children[found..]);
    }
}
