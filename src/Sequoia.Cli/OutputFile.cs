using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Files that hold results.</summary>
internal static class OutputFile
{
    /// <summary>Writes beside the place and moves there, so that the file is complete or untouched whatever happens; makes its folder.</summary>
    public static void Write(string file, Action<Stream> content)
    {
        string temporary = $"{file}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            using (FileStream stream = File.Create(temporary))
                content(stream);
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
