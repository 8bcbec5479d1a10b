using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Reads small files that users name.</summary>
internal static class InputFile
{
    /// <param name="file">The file.</param>
    /// <param name="maxBytes">More than any sensible one has.</param>
    /// <param name="what">What it ought to be, for the complaint about one that is larger.</param>
    /// <exception cref="InvalidInputException">It cannot be read, or is too large.</exception>
    public static string ReadText(string file, long maxBytes, string what)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: var bytes } && bytes > maxBytes)
                throw new InvalidInputException($"{file}: has more than {maxBytes >> 20} MiB; it cannot be {what}");
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }
}
