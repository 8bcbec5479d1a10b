namespace Sequoia.Native.Diagnostics;

/// <summary>Reads whole files up to a size that is sensible for them, since what a user names may be a device without an end.</summary>
internal static class BoundedFile
{
    /// <summary>The content; null if there is more than <paramref name="maxBytes"/> of it, whatever the file's stated length.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read, or is a folder.</exception>
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
