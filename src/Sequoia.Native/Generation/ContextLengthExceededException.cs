namespace Sequoia.Native;

/// <summary>The prompt leaves no room for output in the model's context.</summary>
public sealed class ContextLengthExceededException : InvalidInputException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="needed">Tokens of the prompt and at least one of output.</param>
    /// <param name="available">Tokens that the model can attend to.</param>
    public ContextLengthExceededException(int needed, int available)
        : base($"prompt: {needed} tokens with one of output are more than the model's context of {available}; shorten the prompt") =>
        (Needed, Available) = (needed, available);

    /// <summary>Tokens of the prompt and at least one of output.</summary>
    public int Needed { get; }

    /// <summary>Tokens that the model can attend to.</summary>
    public int Available { get; }
}
