using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Files that a command writes are complete or untouched: written beside their place and then moved there.</summary>
internal static class OutputFile
{
    public static void Write(string file, string content) => Write(file, stream =>
    {
        using var writer = new StreamWriter(stream);
        writer.Write(content);
    });

    public static void Write(string file, Action<Stream> content)
    {
        string temporary = $"{file}.{Environment.ProcessId}.tmp";
        try
        {
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

    /// <summary>Makes a folder where there is none.</summary>
    public static void MakeFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{folder}: cannot be made ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }
}
