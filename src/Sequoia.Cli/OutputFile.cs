using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Files that a command writes are complete or untouched: written beside their place and then moved there.</summary>
internal static class OutputFile
{
    public static void Write(string file, string content)
    {
        string temporary = $"{file}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, content);
            File.Move(temporary, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
            throw new InvalidInputException($"{file}: cannot be written ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }
}
