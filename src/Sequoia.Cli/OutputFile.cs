using Sequoia.Native;
using Sequoia.Native.Diagnostics;

namespace Sequoia.Cli;

/// <summary>Files that a command writes are either complete or untouched: they are written to a temporary file and then moved into place.</summary>
internal static class OutputFile
{
    public static void Write(string file, string content) => Write(file, stream =>
    {
        using var writer = new StreamWriter(stream);
        writer.Write(content);
    });

    public static void Write(string file, Action<Stream> content)
    {
        try
        {
            AtomicFile.Write(file, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be written ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }

    /// <summary>Fails at once if a file cannot be written, before work is done for it.</summary>
    public static void RequireWritable(string file)
    {
        if (Directory.Exists(file))
            throw new InvalidInputException($"{file}: cannot be written (it is a folder; name a file)");
        // The result is written to a temporary file and moved into place: a device would be replaced by a file.
        if (Path.GetFullPath(file).StartsWith("/dev/", StringComparison.Ordinal))
            throw new InvalidInputException($"{file}: cannot be written (it is a device; name a file)");
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder && !Directory.Exists(folder))
            throw new InvalidInputException($"{file}: cannot be written (there is no folder {folder})");
        string temporary = AtomicFile.TemporaryOf(file);
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

    /// <summary>Creates a folder if it does not exist.</summary>
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
