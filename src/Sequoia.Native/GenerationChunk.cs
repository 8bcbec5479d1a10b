namespace Sequoia.Native;

/// <summary>The output of one speculation step.</summary>
/// <param name="Text">
/// The text that became final. All chunks joined give the whole text. May be empty while a character is incomplete or may begin a stop string.
/// </param>
/// <param name="Tokens">The ids of the committed tokens, up to and including the one that ended the text.</param>
/// <param name="Stats">Set on the last chunk only, which has no tokens.</param>
/// <param name="Step">The step's tree and accepted path, if <see cref="GenerationOptions.Trace"/> is set; null on the last chunk.</param>
public sealed record GenerationChunk(string Text, IReadOnlyList<int> Tokens, GenerationStats? Stats = null, GenerationStep? Step = null);

/// <summary>A speculation step: the tree that the draft grew, and the path that the target accepted.</summary>
/// <param name="Tokens">The id of every node. Node 0, the root, was committed before.</param>
/// <param name="Parents">The parent of every node; -1 for the root.</param>
/// <param name="Path">
/// The accepted nodes, from the root down. The step commits their tokens, except the root's, and one token of the target's own. The chunk has
/// fewer tokens if the text ended within them.
/// </param>
public sealed record GenerationStep(IReadOnlyList<int> Tokens, IReadOnlyList<int> Parents, IReadOnlyList<int> Path);

/// <summary>A whole text.</summary>
/// <param name="Text">The text, without the prompt and without the stop token or stop string.</param>
/// <param name="Tokens">The ids of its tokens, including the one that ended it.</param>
/// <param name="Stats">The generation's statistics.</param>
public sealed record GenerationResult(string Text, IReadOnlyList<int> Tokens, GenerationStats Stats);

/// <summary>Statistics of a generation. Times are wall-clock.</summary>
public sealed record GenerationStats
{
    /// <summary>Why the text ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>The one of <see cref="GenerationOptions.StopStrings"/> that ended the text; null if none did.</summary>
    public string? StopString { get; init; }

    /// <summary>The prompt's ids, BOS included.</summary>
    public required IReadOnlyList<int> PromptTokens { get; init; }

    /// <summary>The number of tokens generated, including the one that ended the text.</summary>
    public required int TokenCount { get; init; }

    /// <summary>The number of tokens of the last step that were cut off because they follow the end of the text.</summary>
    public required int CutOff { get; init; }

    /// <summary>The number of target passes, including a last one whose tokens were cut off.</summary>
    public required int Steps { get; init; }

    /// <summary>Decoding time, without loading and prefill.</summary>
    public required TimeSpan DecodeTime { get; init; }

    /// <summary>Time to process the prompt in both models.</summary>
    public required TimeSpan PrefillTime { get; init; }

    /// <summary>Loading time of both models.</summary>
    public required TimeSpan LoadTime { get; init; }

    /// <summary>The part of <see cref="DecodeTime"/> spent growing trees.</summary>
    public required TimeSpan DraftTime { get; init; }

    /// <summary>The part of <see cref="DecodeTime"/> spent checking trees with the target.</summary>
    public required TimeSpan VerifyTime { get; init; }

    /// <summary>The part of both spent drawing and verifying tokens: everything but the models' forward passes.</summary>
    public required TimeSpan SamplingTime { get; init; }

    /// <summary>The seed used. Pass it again to repeat the run.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The tree's shape; a lone root for autoregressive decoding.</summary>
    public required TokenTree Tree { get; init; }

    /// <summary>The device that ran the generation.</summary>
    public required string Device { get; init; }

    /// <summary>Whether the times are meaningful: see <see cref="LanguageModel.HasTimes"/>.</summary>
    public bool HasTimes { get; init; } = true;

    /// <summary>How the target's weights were streamed; null if they were in memory.</summary>
    public StreamStats? Stream { get; init; }

    /// <summary>
    /// Whether <see cref="DraftTime"/>, <see cref="VerifyTime"/> and <see cref="SamplingTime"/> are meaningful. A GPU runs a step as a whole and
    /// reports only its total time.
    /// </summary>
    public bool HasPhaseTimes { get; init; } = true;

    /// <summary>Tokens per target pass: 1 without speculation.</summary>
    public double TokensPerStep => Steps == 0 ? 0 : (double)TokenCount / Steps;

    /// <summary>Tokens per second while decoding.</summary>
    public double TokensPerSecond => DecodeTime > TimeSpan.Zero ? TokenCount / DecodeTime.TotalSeconds : 0;
}

/// <summary>How weights were streamed while a text was decoded.</summary>
/// <param name="BytesPerStep">The bytes read, divided by the number of steps. Reading is ahead of computing, so the first step reads more and the last less.</param>
/// <param name="BytesPerSecond">The bytes read in a second of decoding.</param>
/// <param name="LinkBytesPerSecond">The rate of plain reading, measured while loading: the limit of the rate before.</param>
/// <param name="Waited">The time that computing waited for weights.</param>
/// <param name="StreamedBytes">The bytes that a step reads by the plan.</param>
/// <param name="ResidentBytes">The bytes of weights that stay in memory, or on the GPU.</param>
/// <param name="RingBytes">The bytes of memory there that streamed weights pass through.</param>
public sealed record StreamStats(
    double BytesPerStep, double BytesPerSecond, double LinkBytesPerSecond, TimeSpan Waited, long StreamedBytes, long ResidentBytes, long RingBytes)
{
    /// <summary>Whether both rates and the time waited are known. A GPU runs copies and products as a whole; there they are 0.</summary>
    public bool HasTimes { get; init; } = true;
}

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model produced a stop token, or the text contains a stop string.</summary>
    Stop,

    /// <summary>The text reached the maximum number of tokens or the end of the context.</summary>
    Length,

    /// <summary>The caller cancelled.</summary>
    Cancelled,
}
