namespace Sequoia.Native.Models;

/// <summary>Reads a whole tokenizer or config file, with one clear complaint where that is not possible.</summary>
internal static class ModelFile
{
    /// <summary>The largest real one has about 35 MB; what is far larger is something else, and not worth the memory.</summary>
    private const long MaxBytes = 256L << 20;

    public static byte[] ReadAll(string file)
    {
        try
        {
            // Not FileInfo.Length, which of a link (Hugging Face's cache is made of them) is that of the link itself.
            using FileStream stream = File.OpenRead(file);
            if (stream.Length > MaxBytes)
                throw new ModelFileException(file, $"has {stream.Length >> 20} MiB, which is too large for a tokenizer or config file");
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        }
        catch (FileNotFoundException e)
        {
            throw new ModelFileException(file, "there is no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(file, $"cannot be read ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }
}
