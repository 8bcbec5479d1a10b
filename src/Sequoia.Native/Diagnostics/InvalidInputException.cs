using System.Globalization;

namespace Sequoia.Native;

/// <summary>
/// Something that came from outside (a file, a prompt, an option) is not usable. The message is one line that names the file, the key and what to do.
/// Mistakes of the program itself are <see cref="ArgumentException"/>s instead.
/// </summary>
public class InvalidInputException : Exception
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public InvalidInputException(string message) : base(OneLine(message))
    {
    }

    /// <summary>Creates the exception with its one-line message and the error beneath it.</summary>
    public InvalidInputException(string message, Exception innerException) : base(OneLine(message), innerException)
    {
    }

    /// <summary>Creates the exception with a general message.</summary>
    public InvalidInputException() : base("The input is not usable.")
    {
    }

    /// <summary>What it was given for, in lower case ("prompt", "tree", "draft", "device", "kernel", "acceptance"); null where a file says it all.</summary>
    public string? Parameter { get; init; }

    // Names from files may hold line breaks and escape sequences, which must not reach a terminal.
    private static string OneLine(string message) =>
        message.Any(char.IsControl) ? string.Concat(message.Select(c => char.IsControl(c) ? ' ' : c)) : message;
}

/// <summary>A file of a model folder (weights, config, tokenizer) is missing, malformed or of an unsupported kind.</summary>
public sealed class ModelFileException : InvalidInputException
{
    /// <summary>Creates the exception: <paramref name="file"/> is the path, <paramref name="problem"/> names the key and says what to do.</summary>
    public ModelFileException(string file, string problem) : base($"{file}: {problem}") => File = file;

    /// <summary>The same, with the error beneath it.</summary>
    public ModelFileException(string file, string problem, Exception inner) : base($"{file}: {problem}", inner) => File = file;

    /// <summary>The path of the file.</summary>
    public string File { get; }
}

/// <summary>A device has too little free memory for a model, or for a sequence of the length asked for. What was allocated is freed again.</summary>
public sealed class DeviceMemoryException : InvalidInputException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="device">The device, for people to read.</param>
    /// <param name="what">What was to be placed there.</param>
    /// <param name="needed">The bytes that it takes.</param>
    /// <param name="free">The bytes that were free.</param>
    /// <param name="advice">What would fit, or what to do.</param>
    public DeviceMemoryException(string device, string what, long needed, long free, string advice)
        : base($"device: {device}: {what} needs {Size(needed)}, and {Size(free)} are free; {advice}") =>
        (Needed, Free, Parameter) = (needed, free, "device");

    /// <summary>The bytes that were needed.</summary>
    public long Needed { get; }

    /// <summary>The bytes that were free.</summary>
    public long Free { get; }

    private static string Size(long bytes) => bytes < 1 << 20
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.###} GB");
}

/// <summary>The prompt leaves no room for output in the model's context.</summary>
public sealed class ContextLengthExceededException : InvalidInputException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="needed">Tokens of the prompt and at least one of output.</param>
    /// <param name="available">Tokens that the model can attend to.</param>
    public ContextLengthExceededException(int needed, int available)
        : base($"prompt: {needed} tokens with one of output are more than the model's context of {available}; shorten the prompt") =>
        (Needed, Available, Parameter) = (needed, available, "prompt");

    /// <summary>Tokens of the prompt and at least one of output.</summary>
    public int Needed { get; }

    /// <summary>Tokens that the model can attend to.</summary>
    public int Available { get; }
}

/// <summary>The KV cache has too few free pages for a text.</summary>
public sealed class KvCacheFullException : InvalidInputException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="needed">Pages that were asked for.</param>
    /// <param name="free">Pages that were free.</param>
    /// <param name="pageSize">Tokens of a page.</param>
    public KvCacheFullException(int needed, int free, int pageSize)
        : base($"prompt: its keys and values need {needed} more pages of {pageSize} tokens, and {free} are free; wait for other texts to end, or ask for fewer tokens") =>
        (Needed, Free, Parameter) = (needed, free, "prompt");

    /// <summary>Pages that were asked for.</summary>
    public int Needed { get; }

    /// <summary>Pages that were free.</summary>
    public int Free { get; }
}
