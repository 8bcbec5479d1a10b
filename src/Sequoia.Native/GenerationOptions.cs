using System.Buffers;
using System.Text;
using Sequoia.Native.Sampling;

namespace Sequoia.Native;

/// <summary>How a text is generated.</summary>
public sealed record GenerationOptions
{
    /// <summary>0 is greedy; higher values are more varied. Logits are divided by it.</summary>
    public float Temperature { get; init; } = 0.6f;

    /// <summary>Keeps the most probable tokens whose total probability reaches this value (including all ties at the cutoff); 1 keeps all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keeps this many of the most probable tokens (including all ties at the cutoff); 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>The maximum number of tokens to generate.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>
    /// The random seed. Null draws a random one and reports it in <see cref="GenerationStats.Seed"/>. The same seed, device, options, models and tree
    /// give the same text.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>Whether to continue after the model's own end-of-text tokens (<see cref="LanguageModel.EosIds"/>).</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>
    /// Strings that end the text. The text is cut before the first string that is complete (the longest, if several end at the same place). Text that
    /// may become a stop string is held back until this is decided. Comparison is ordinal, across tokens.
    /// </summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Token ids that end the text, in addition to <see cref="LanguageModel.EosIds"/>; <see cref="IgnoreEos"/> does not affect them.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];

    /// <summary>Whether each chunk reports its step in <see cref="GenerationChunk.Step"/>. Costs one small copy from the device per step.</summary>
    public bool Trace { get; init; }

    internal const float SmallestTemperature = 1e-3f;

    internal SamplingOptions Sampling => new(Temperature, TopP, TopK);

    /// <exception cref="ArgumentException">A value is invalid; the parameter's name is the property's.</exception>
    internal void Check(int vocabulary)
    {
        Require(Temperature >= 0 && Temperature <= 100, nameof(Temperature), Temperature, "must be a number from 0 (greedy) to 100");
        Require(Temperature is 0 or >= SmallestTemperature, nameof(Temperature), Temperature, "is too near 0 to divide logits by; use 0 for greedy, or at least 0.001");
        Require(TopP > 0 && TopP <= 1, nameof(TopP), TopP, "must be above 0, and 1 at most");
        Require(TopK >= 0, nameof(TopK), TopK, "must not be negative; 0 keeps all tokens");
        Require(MaxTokens >= 1, nameof(MaxTokens), MaxTokens, "must be at least 1");
        ArgumentNullException.ThrowIfNull(StopStrings, nameof(StopStrings));
        ArgumentNullException.ThrowIfNull(StopTokens, nameof(StopTokens));
        foreach (string text in StopStrings)
        {
            ArgumentException.ThrowIfNullOrEmpty(text, nameof(StopStrings));
            // Cutting before the second half of a surrogate pair would leave the first half.
            Require(IsValid(text), nameof(StopStrings), text, "has half a surrogate pair");
        }
        foreach (int id in StopTokens)
            Require((uint)id < (uint)vocabulary, nameof(StopTokens), id, $"must be token ids, 0 to {vocabulary - 1} here");
    }

    private static void Require(bool holds, string property, object value, string what)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(property, value, what);
    }

    private static bool IsValid(string text)
    {
        for (int i = 0, used; i < text.Length; i += used)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out _, out used) != OperationStatus.Done)
                return false;
        }
        return true;
    }
}
