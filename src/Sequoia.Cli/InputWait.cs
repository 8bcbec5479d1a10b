namespace Sequoia.Cli;

/// <summary>
/// Waits for input that may never come: the standard input, or a file that is a pipe. No token ends such a wait, so a signal then ends the process.
/// </summary>
internal static class InputWait
{
    private static readonly Lock s_lock = new();
    private static bool s_isWaiting;
    private static bool s_isCancelled;

    /// <summary>Prevents the command from waiting. False if it already waits, and only ending the process can help.</summary>
    public static bool TryCancel()
    {
        lock (s_lock)
        {
            s_isCancelled |= !s_isWaiting;
            return s_isCancelled;
        }
    }

    /// <exception cref="OperationCanceledException">The command was cancelled before.</exception>
    public static T Run<T>(Func<T> read)
    {
        Set(true);
        try
        {
            return read();
        }
        finally
        {
            Set(false);
        }
    }

    private static void Set(bool waiting)
    {
        lock (s_lock)
        {
            if (waiting && s_isCancelled)
                throw new OperationCanceledException();
            s_isWaiting = waiting;
        }
    }
}
