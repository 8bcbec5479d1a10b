namespace Sequoia.Native;

/// <summary>The KV cache has too few free pages for a text.</summary>
/// <param name="needed">Pages of 16 tokens that were asked for.</param>
/// <param name="free">Pages that were free.</param>
public sealed class KvCacheFullException(int needed, int free)
    : InvalidInputException($"prompt: its keys and values need {needed} more pages of {Execution.KvPool.PageSize} tokens, and {free} are free; wait for other texts to end, or ask for fewer tokens")
{
    /// <summary>Pages of 16 tokens that were asked for.</summary>
    public int Needed { get; } = needed;

    /// <summary>Pages that were free.</summary>
    public int Free { get; } = free;
}
