namespace Sequoia.Native;

/// <summary>What one speculation step committed.</summary>
/// <param name="Text">
/// The text that became certain; chunks joined give the whole text. May be empty: while a character is incomplete, or may begin a stop string.
/// </param>
/// <param name="Tokens">The ids of the committed tokens, up to the one that ended the text, which is included.</param>
/// <param name="Stats">Set on the last chunk only, which has no tokens.</param>
/// <param name="Step">What the step did, if <see cref="GenerationOptions.Trace"/> asks for it; null on the last chunk.</param>
public sealed record GenerationChunk(string Text, IReadOnlyList<int> Tokens, GenerationStats? Stats = null, GenerationStep? Step = null);

/// <summary>A step of speculation: the tree that the draft grew, and what the target accepted of it.</summary>
/// <param name="Tokens">The id of every node; that of node 0, the root, was committed before.</param>
/// <param name="Parents">The parent of every node; -1 for the root.</param>
/// <param name="Path">
/// The accepted nodes, from the root down. Their tokens, less the root's, and one token of the target's own are what the step committed; the chunk has
/// fewer where the text ended among them.
/// </param>
public sealed record GenerationStep(IReadOnlyList<int> Tokens, IReadOnlyList<int> Parents, IReadOnlyList<int> Path);

/// <summary>A whole text.</summary>
/// <param name="Text">The text, without the prompt and without what ended it.</param>
/// <param name="Tokens">The ids of its tokens, with the one that ended it.</param>
/// <param name="Stats">What it took.</param>
public sealed record GenerationResult(string Text, IReadOnlyList<int> Tokens, GenerationStats Stats);

/// <summary>What a generation did and took. Times are wall-clock.</summary>
public sealed record GenerationStats
{
    /// <summary>Why it ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>The one of <see cref="GenerationOptions.StopStrings"/> that ended it; null if none did.</summary>
    public string? StopString { get; init; }

    /// <summary>The prompt's ids, BOS included.</summary>
    public required IReadOnlyList<int> PromptTokens { get; init; }

    /// <summary>Number of tokens generated, one that ended the text included.</summary>
    public required int TokenCount { get; init; }

    /// <summary>Tokens of the last step that were cut off: they came after what ended the text.</summary>
    public required int CutOff { get; init; }

    /// <summary>Target passes; a last one whose tokens were cut off counts.</summary>
    public required int Steps { get; init; }

    /// <summary>Decoding time, without loading and prefill.</summary>
    public required TimeSpan DecodeTime { get; init; }

    /// <summary>Time for the prompt, both models.</summary>
    public required TimeSpan PrefillTime { get; init; }

    /// <summary>Loading time of both models.</summary>
    public required TimeSpan LoadTime { get; init; }

    /// <summary>The part of <see cref="DecodeTime"/> that grew trees.</summary>
    public required TimeSpan DraftTime { get; init; }

    /// <summary>The part of <see cref="DecodeTime"/> that checked trees with the target.</summary>
    public required TimeSpan VerifyTime { get; init; }

    /// <summary>The part of both that drew and verified tokens: everything but the models' forward passes.</summary>
    public required TimeSpan SamplingTime { get; init; }

    /// <summary>The seed used: give it again to repeat the run.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The tree's shape; a lone root for autoregressive decoding.</summary>
    public required TokenTree Tree { get; init; }

    /// <summary>The device that computed.</summary>
    public required string Device { get; init; }

    /// <summary>Whether the times mean anything: see <see cref="LanguageModel.HasTimes"/>.</summary>
    public bool HasTimes { get; init; } = true;

    /// <summary>
    /// Whether <see cref="DraftTime"/>, <see cref="VerifyTime"/> and <see cref="SamplingTime"/> do: a GPU is given a step as a whole, and says only
    /// how long that took.
    /// </summary>
    public bool HasPhaseTimes { get; init; } = true;

    /// <summary>Tokens for each target pass: 1 without speculation.</summary>
    public double TokensPerStep => Steps == 0 ? 0 : (double)TokenCount / Steps;

    /// <summary>Tokens a second while decoding.</summary>
    public double TokensPerSecond => DecodeTime > TimeSpan.Zero ? TokenCount / DecodeTime.TotalSeconds : 0;
}

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model produced a stop token, or the text a stop string.</summary>
    Stop,

    /// <summary>The most tokens asked for, or the context's end, were reached.</summary>
    Length,

    /// <summary>The caller cancelled.</summary>
    Cancelled,
}
