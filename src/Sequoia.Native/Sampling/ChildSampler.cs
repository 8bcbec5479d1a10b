namespace Sequoia.Native.Sampling;

/// <summary>
/// Draws a node's children, in drawing order, in one of three ways (docs/compare.md).
/// </summary>
internal static unsafe class ChildSampler
{
    /// <summary>
    /// Without replacement: the k largest of logit / T + Gumbel noise are a sample without replacement from softmax(logit / T), in drawing
    /// order. Fills <paramref name="children"/> (distinct tokens) and <paramref name="q"/>, the distribution they were drawn
    /// from. Tokens with q = 0 rank after all others by their noise alone, so every planned child exists.
    /// </summary>
    public static void Draw(
        VocabularyKernels kernels, float* logits, SamplingOptions options, RandomKey random, int node, float* q, Span<int> children, SamplingScratch scratch)
    {
        Span<float> keys = scratch.BestKeys.AsSpan(0, children.Length);
        LogScale scale = TokenDistribution.FromLogits(kernels, logits, options, q, scratch);
        random.Fill(scratch.Random, scratch.Padded, node, RandomPurpose.DraftNoise);
        int found = kernels.LargestNoisy(logits, q, scale, scratch.Random, scratch.Padded, keys, children);
        if (found < children.Length)
            kernels.LargestNoise(q, scratch.Random, scratch.Vocabulary, keys[found..], children[found..]);
    }

    /// <summary>
    /// With replacement: every child is drawn from q independently, so tokens may repeat. Fills <paramref name="children"/>, the nodes
    /// from <paramref name="firstChild"/> on (each has its own random numbers), and <paramref name="q"/>.
    /// </summary>
    public static void DrawWithReplacement(
        VocabularyKernels kernels, float* logits, SamplingOptions options, RandomKey random, int firstChild, float* q, Span<int> children, SamplingScratch scratch)
    {
        TokenDistribution.FromLogits(kernels, logits, options, q, scratch);
        for (int i = 0; i < children.Length; i++)
            children[i] = TokenDistribution.Sample(kernels, q, random, firstChild + i, RandomPurpose.ChildSample, scratch);
    }

    /// <summary>Deterministic: the tokens with the largest logits, the most likely first.</summary>
    public static void TakeLikeliest(VocabularyKernels kernels, float* logits, Span<int> children, SamplingScratch scratch)
    {
        if (kernels.Largest(logits, scratch.Vocabulary, scratch.BestKeys.AsSpan(0, children.Length), children) < children.Length)
            throw new InvalidOperationException("The draft model gave NaN logits; its weights are damaged.");
    }
}
