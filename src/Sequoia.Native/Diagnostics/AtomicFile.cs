namespace Sequoia.Native.Diagnostics;

/// <summary>Writes a file so that nobody ever sees half of it: beside its place first, then moved there.</summary>
internal static class AtomicFile
{
    /// <exception cref="IOException">It cannot be written; nothing is left behind.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void Write(string file, Action<Stream> write)
    {
        string temporary = $"{file}.{Environment.ProcessId}.tmp";
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
}
