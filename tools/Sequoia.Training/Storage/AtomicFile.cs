namespace Sequoia.Training.Storage;

/// <summary>Writes a file so that nobody ever sees half of it: under another name first, then renamed.</summary>
internal static class AtomicFile
{
    public static void WriteText(string path, string text) => Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.Write(text);
    });

    public static void Write(string path, Action<Stream> write)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string temporary = path + ".tmp";
        using (FileStream stream = File.Create(temporary)) write(stream);
        File.Move(temporary, path, overwrite: true);
    }
}
