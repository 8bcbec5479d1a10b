namespace Sequoia.Native;

/// <summary>
/// Something that came from outside (a file, a prompt, an option) is not usable. The message is one line
/// that names the file, the key and the mend; the command line prints it as it is and exits with status 2.
/// </summary>
public class InvalidInputException : Exception
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public InvalidInputException(string message) : base(OneLine(message))
    {
    }

    /// <summary>Creates the exception with its one-line message and the error beneath it.</summary>
    public InvalidInputException(string message, Exception innerException) : base(OneLine(message), innerException)
    {
    }

    /// <summary>Creates the exception with a general message.</summary>
    public InvalidInputException() : base("The input is not usable.")
    {
    }

    // Names from files may hold line breaks and escape sequences, which must not reach a terminal.
    private static string OneLine(string message) =>
        message.Any(char.IsControl) ? string.Concat(message.Select(c => char.IsControl(c) ? ' ' : c)) : message;
}
