using Sequoia.Interop;

namespace Sequoia.Cli.Devices;

/// <summary>One check of sequoia doctor.</summary>
/// <param name="Name">The name for --require.</param>
/// <param name="IsUsable">Whether it works.</param>
/// <param name="Summary">What was found, or why it does not work; one line.</param>
/// <param name="Tried">Every path that was tried, if it is a library.</param>
internal sealed record Check(string Name, bool IsUsable, string Summary, IReadOnlyList<LibraryAttempt> Tried)
{
    /// <summary>Runs an action that may fail, and returns its check.</summary>
    public static Check Of(string name, IReadOnlyList<LibraryAttempt> tried, Func<string> look)
    {
        try
        {
            return new(name, true, look(), tried);
        }
        catch (Exception e) when (e is CudaException or CompileException or LibraryNotFoundException or ArgumentException)
        {
            return new(name, false, e.Message, tried);
        }
    }
}
