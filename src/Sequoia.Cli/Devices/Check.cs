using Sequoia.Interop;

namespace Sequoia.Cli.Devices;

/// <summary>One thing that sequoia doctor looked at.</summary>
/// <param name="Name">What users call it with --require.</param>
/// <param name="IsUsable">Whether it works.</param>
/// <param name="Summary">What was found, or why it does not work; one line.</param>
/// <param name="Tried">Every path that was tried, where it is a library.</param>
internal sealed record Check(string Name, bool IsUsable, string Summary, IReadOnlyList<LibraryAttempt> Tried)
{
    /// <summary>Does something that may fail, and makes a check of it.</summary>
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
