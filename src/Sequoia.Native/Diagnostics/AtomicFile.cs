namespace Sequoia.Native.Diagnostics;

/// <summary>Writes a file atomically: first to a temporary file in the same folder, which is then moved into place.</summary>
internal static class AtomicFile
{
    /// <exception cref="IOException">The file cannot be written; nothing is left behind.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written; nothing is left behind.</exception>
    public static void Write(string file, Action<Stream> write)
    {
        string temporary = TemporaryOf(file);
        try
        {
            using (FileStream stream = File.Create(temporary))
                write(stream);
            File.Move(temporary, file, overwrite: true);
        }
        catch
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The temporary file of this process.</summary>
    public static string TemporaryOf(string file) => $"{file}.{Environment.ProcessId}.tmp";
}
