namespace Sequoia.Native.Tokenization;

/// <summary>Reads a whole tokenizer file, with one clear complaint where that is not possible.</summary>
internal static class ModelFile
{
    /// <summary>The largest real one has about 35 MB; what is far larger is something else, and not worth the memory.</summary>
    private const long MaxBytes = 256L << 20;

    public static byte[] ReadAll(string file)
    {
        try
        {
            long length = new FileInfo(file).Length;
            if (length > MaxBytes)
                throw new ModelFileException(file, $"has {length >> 20} MiB, which is too large for a tokenizer file");
            return File.ReadAllBytes(file);
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
