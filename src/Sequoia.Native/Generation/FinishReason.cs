namespace Sequoia.Native;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model produced a stop token.</summary>
    Stop,

    /// <summary>The most tokens asked for, or the context's end, were reached.</summary>
    Length,

    /// <summary>The caller cancelled.</summary>
    Cancelled,
}
