using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>The standard input, which one argument may use: by the name "-", or as the prompt if none is given.</summary>
internal static class StandardInput
{
    public const string Name = "-";

    /// <summary>For options whose files the library reads.</summary>
    private const string Device = "/dev/stdin";

    private static string? s_reader;

    public static bool IsRedirected => Console.IsInputRedirected;

    /// <summary>Whether an argument uses it.</summary>
    public static bool IsTaken => s_reader is not null;

    /// <summary>Reads all of it, as raw bytes.</summary>
    /// <param name="reader">The argument that reads it.</param>
    public static byte[] ReadBytes(string reader)
    {
        Take(reader);
        try
        {
            return InputWait.Run(() =>
            {
                using var all = new MemoryStream();
                using Stream input = Console.OpenStandardInput();
                input.CopyTo(all);
                return all.ToArray();
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{reader}: standard input cannot be read ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }

    public static string ReadText(string reader) => InputFile.Decode(ReadBytes(reader), "standard input");

    /// <summary>A path for the library to read if a user wrote "-".</summary>
    public static string PathFor(string path, string reader)
    {
        if (path != Name)
            return path;
        if (!File.Exists(Device))
            throw new InvalidInputException($"{reader} -: this system has no {Device}; name a file");
        Take(reader);
        return Device;
    }

    private static void Take(string reader)
    {
        if (!StandardDescriptors.IsOpen(StandardDescriptors.Input))
            throw new InvalidInputException($"{reader}: would come from standard input, which is closed; give it as an argument");
        if (s_reader is not null)
            throw new InvalidInputException($"{reader} -: standard input is {s_reader} already; name a file");
        s_reader = reader;
    }
}
