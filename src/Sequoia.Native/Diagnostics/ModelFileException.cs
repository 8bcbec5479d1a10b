namespace Sequoia.Native;

/// <summary>A file of a model folder (weights, config, tokenizer) is missing, malformed or of an unsupported kind.</summary>
public sealed class ModelFileException : InvalidInputException
{
    /// <summary>Creates the exception: <paramref name="file"/> is the path, <paramref name="problem"/> names the key and the mend.</summary>
    public ModelFileException(string file, string problem) : base($"{file}: {problem}") => File = file;

    /// <summary>The same, with the error beneath it.</summary>
    public ModelFileException(string file, string problem, Exception inner) : base($"{file}: {problem}", inner) => File = file;

    /// <summary>The path of the file.</summary>
    public string File { get; }
}
