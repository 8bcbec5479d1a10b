using System.Text;
using Sequoia.Native;
using Sequoia.Native.Diagnostics;

namespace Sequoia.Cli;

/// <summary>Reads files that users name; - is the standard input.</summary>
internal static class InputFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The name in messages.</summary>
    public static string NameOf(string file) => file == StandardInput.Name ? "standard input" : file;

    /// <param name="file">The file.</param>
    /// <param name="argument">The argument that names it.</param>
    /// <param name="maxBytes">The size limit, above any sensible file.</param>
    /// <param name="what">The expected content, for the error about a larger file.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or is too large.</exception>
    public static string ReadText(string file, string argument, long maxBytes, string what)
    {
        byte[] content = ReadBytes(file, argument, maxBytes, what);
        return Decode(content, NameOf(file));
    }

    /// <summary>The same, as raw bytes.</summary>
    public static byte[] ReadBytes(string file, string argument, long maxBytes, string what)
    {
        try
        {
            byte[]? content = file == StandardInput.Name ? StandardInput.ReadBytes(argument) : InputWait.Run(() => BoundedFile.Read(file, maxBytes));
            return content?.Length <= maxBytes ? content : throw new InvalidInputException($"{NameOf(file)}: has more than {maxBytes >> 20} MiB; it cannot be {what}");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"{file}: there is no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }

    /// <summary>Text in UTF-8, or in UTF-16 with its byte order mark. The mark is not part of the text.</summary>
    public static string Decode(byte[] content, string name)
    {
        try
        {
            using var reader = new StreamReader(new MemoryStream(content), Utf8, detectEncodingFromByteOrderMarks: true);
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidInputException($"{name}: is not valid UTF-8; convert it first", e);
        }
    }
}
