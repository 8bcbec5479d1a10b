using Sequoia.Native.Diagnostics;

namespace Sequoia.Native.Models;

/// <summary>Reads a whole tokenizer or config file, with one clear error if that is not possible.</summary>
internal static class ModelFile
{
    /// <summary>The largest real file has about 35 MB; a far larger file is something else and not worth the memory.</summary>
    private const long MaxBytes = 256L << 20;

    /// <summary>The fix for a file that is only a Git LFS pointer.</summary>
    public const string LfsPointer = "is a pointer of Git LFS, not the file itself; run `git lfs pull` in its folder, or download it again";

    /// <summary>Whether a file's content is a Git LFS pointer, stored in place of a large file.</summary>
    public static bool IsLfsPointer(ReadOnlySpan<byte> content) => content.StartsWith("version https://git-lfs"u8);

    public static byte[] ReadAll(string file)
    {
        try
        {
            byte[] content = BoundedFile.Read(file, MaxBytes)
                ?? throw new ModelFileException(file, $"has more than {MaxBytes >> 20} MiB, which is too large for a tokenizer or config file");
            return IsLfsPointer(content) ? throw new ModelFileException(file, LfsPointer) : content;
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
