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
        string temporary = TemporaryOf(file);
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

    /// <summary>Complains at once about a file that cannot be written, before work is done for it.</summary>
    public static void RequireWritable(string file)
    {
        if (Directory.Exists(file))
            throw new InvalidInputException($"{file}: cannot be written (it is a folder; name a file)");
        // What is kept is written beside its place and moved there: a device would be replaced by a file.
        if (Path.GetFullPath(file).StartsWith("/dev/", StringComparison.Ordinal))
            throw new InvalidInputException($"{file}: cannot be written (it is a device; name a file)");
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder && !Directory.Exists(folder))
            throw new InvalidInputException($"{file}: cannot be written (there is no folder {folder})");
        string temporary = TemporaryOf(file);
        try
        {
            File.Create(temporary).Dispose();
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
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

    private static string TemporaryOf(string file) => $"{file}.{Environment.ProcessId}.tmp";
}
