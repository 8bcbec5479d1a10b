using System.Text;

namespace Sequoia.Cli;

/// <summary>
/// Results go to <see cref="Out"/>, notes to <see cref="Notes"/>. Always UTF-8, whatever the locale says, since model
/// output is; flushed at every write, so that text shows as it is accepted.
/// </summary>
internal sealed class Streams
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public TextWriter Out { get; } = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };

    public TextWriter Notes { get; } = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true };

    public static bool InputIsRedirected => Console.IsInputRedirected;

    /// <summary>All of the standard input, to the byte.</summary>
    public static string ReadInput()
    {
        using var all = new MemoryStream();
        using Stream input = Console.OpenStandardInput();
        input.CopyTo(all);
        try
        {
            return Utf8.GetString(all.GetBuffer(), 0, (int)all.Length);
        }
        catch (DecoderFallbackException e)
        {
            throw new Native.InvalidInputException("standard input: is not valid UTF-8; convert it first", e);
        }
    }
}

/// <summary>What the command tells the shell.</summary>
internal static class ExitStatus
{
    public const int Done = 0;
    public const int Failure = 1;
    public const int BadInput = 2;
    public const int Cancelled = 130;
}
