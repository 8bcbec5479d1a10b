using System.Globalization;

namespace Sequoia.Native;

/// <summary>
/// An external input (a file, a prompt, an option) is not usable. The message is one line that names the file, the key and the fix.
/// Programming errors throw <see cref="ArgumentException"/> instead.
/// </summary>
public class InvalidInputException : Exception
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public InvalidInputException(string message) : base(OneLine(message))
    {
    }

    /// <summary>Creates the exception with its one-line message and the inner error.</summary>
    public InvalidInputException(string message, Exception innerException) : base(OneLine(message), innerException)
    {
    }

    /// <summary>Creates the exception with a general message.</summary>
    public InvalidInputException() : base("The input is not usable.")
    {
    }

    /// <summary>The kind of input, in lower case ("prompt", "tree", "draft", "device", "kernel", "acceptance"); null if the file identifies it.</summary>
    public string? Parameter { get; init; }

    // Names from files may contain line breaks and escape sequences, which must not reach a terminal.
    private static string OneLine(string message) =>
        message.Any(char.IsControl) ? string.Concat(message.Select(c => char.IsControl(c) ? ' ' : c)) : message;
}

/// <summary>A file of a model folder (weights, config, tokenizer) is missing, malformed or of an unsupported kind.</summary>
public sealed class ModelFileException : InvalidInputException
{
    /// <summary>Creates the exception: <paramref name="file"/> is the path, <paramref name="problem"/> names the key and the fix.</summary>
    public ModelFileException(string file, string problem) : base($"{file}: {problem}") => File = file;

    /// <summary>Creates the exception with the inner error.</summary>
    public ModelFileException(string file, string problem, Exception inner) : base($"{file}: {problem}", inner) => File = file;

    /// <summary>The path of the file.</summary>
    public string File { get; }
}

/// <summary>A device has too little free memory for a model, or for a sequence of the requested length. Everything allocated so far is freed.</summary>
public sealed class DeviceMemoryException : InvalidInputException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="device">A readable name of the device.</param>
    /// <param name="what">What does not fit.</param>
    /// <param name="needed">The bytes needed.</param>
    /// <param name="free">The bytes free.</param>
    /// <param name="advice">What would fit, or what to do.</param>
    public DeviceMemoryException(string device, string what, long needed, long free, string advice)
        : base($"device: {device}: {what} needs {Size(needed)}, and {Size(free)} are free; {advice}") =>
        (Needed, Free, Parameter) = (needed, free, "device");

    /// <summary>The bytes needed.</summary>
    public long Needed { get; }

    /// <summary>The bytes free.</summary>
    public long Free { get; }

    private static string Size(long bytes) => bytes < 1 << 20
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.###} GB");
}

/// <summary>The prompt leaves no room for output in the model's context.</summary>
public sealed class ContextLengthExceededException : InvalidInputException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="needed">Tokens of the prompt plus at least one of output.</param>
    /// <param name="available">Tokens that the model can attend to.</param>
    public ContextLengthExceededException(int needed, int available)
        : base($"prompt: {needed} tokens with one of output are more than the model's context of {available}; shorten the prompt") =>
        (Needed, Available, Parameter) = (needed, available, "prompt");

    /// <summary>Tokens of the prompt plus at least one of output.</summary>
    public int Needed { get; }

    /// <summary>Tokens that the model can attend to.</summary>
    public int Available { get; }
}

/// <summary>The KV cache has too few free pages for a text.</summary>
public sealed class KvCacheFullException : InvalidInputException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="needed">Pages requested.</param>
    /// <param name="free">Pages free.</param>
    /// <param name="pageSize">Tokens per page.</param>
    public KvCacheFullException(int needed, int free, int pageSize)
        : base($"prompt: its keys and values need {needed} more pages of {pageSize} tokens, and {free} are free; wait for other texts to end, or ask for fewer tokens") =>
        (Needed, Free, Parameter) = (needed, free, "prompt");

    /// <summary>Pages requested.</summary>
    public int Needed { get; }

    /// <summary>Pages free.</summary>
    public int Free { get; }
}
