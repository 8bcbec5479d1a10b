namespace Sequoia.Native;

/// <summary>
/// Something that came from outside (a file, a prompt, an option) is not usable. The message is one line
/// that names the file, the key and the mend; the command line prints it as it is and exits with status 2.
/// </summary>
public class InvalidInputException : Exception
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public InvalidInputException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its one-line message and the error beneath it.</summary>
    public InvalidInputException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>Creates the exception with a general message.</summary>
    public InvalidInputException() : base("The input is not usable.")
    {
    }
}
