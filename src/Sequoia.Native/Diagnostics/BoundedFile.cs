namespace Sequoia.Native.Diagnostics;

/// <summary>Reads whole files up to a maximum size, since a path from a user may be a device that never ends.</summary>
internal static class BoundedFile
{
    /// <summary>The content; null if it exceeds <paramref name="maxBytes"/>, whatever length the file reports.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied, or the path is a folder.</exception>
    public static byte[]? Read(string file, long maxBytes)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        using var content = new MemoryStream();
        byte[] piece = new byte[1 << 16];
        while (stream.Read(piece) is > 0 and int read)
        {
            content.Write(piece, 0, read);
            if (content.Length > maxBytes)
                return null;
        }
        return content.ToArray();
    }
}
