using Sequoia.Native.Sampling;

namespace Sequoia.Native;

/// <summary>How a text is generated.</summary>
public sealed record GenerationOptions
{
    /// <summary>0 is greedy; higher is more varied. Logits are divided by it.</summary>
    public float Temperature { get; init; } = 0.6f;

    /// <summary>Keeps the most probable tokens whose mass reaches this (all ties at the border); 1 keeps all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keeps that many most probable tokens (all ties at the border); 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>The most tokens to generate.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>
    /// Null draws a random one, reported in <see cref="GenerationStats.Seed"/>. The same seed, device, options, models and tree give
    /// the same text.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>Goes on after a stop token.</summary>
    public bool IgnoreEos { get; init; }

    internal SamplingOptions Sampling => new(Temperature, TopP, TopK);

    internal void Check()
    {
        if (!(Temperature >= 0 && Temperature <= 100))
            throw new InvalidInputException($"temperature: {Temperature} is not a number from 0 to 100; 0 is greedy");
        if (Temperature is > 0 and < 1e-3f)
            throw new InvalidInputException($"temperature: {Temperature} is too near 0 to divide logits by; use 0 for greedy, or at least 0.001");
        if (!(TopP > 0 && TopP <= 1))
            throw new InvalidInputException($"top-p: {TopP} is not a number above 0 and up to 1");
        if (TopK < 0)
            throw new InvalidInputException($"top-k: {TopK} is negative; 0 keeps all tokens");
        if (MaxTokens < 1)
            throw new InvalidInputException($"max-tokens: {MaxTokens} is not a number above 0");
    }
}
