using System.Runtime.InteropServices;

namespace Sequoia.Cli;

/// <summary>The reader of the standard output at the other end of a pipe.</summary>
internal static class OutputReader
{
    private const short Error = 8, HangUp = 16;

    /// <summary>Waits until the reader is gone; forever if the output is not a pipe.</summary>
    /// <returns>False if this cannot be determined.</returns>
    public static bool WaitUntilGone()
    {
        // No events are requested: only errors end the wait.
        var output = new PollEntry { Descriptor = StandardDescriptors.Output };
        do
        {
            if (OperatingSystem.IsWindows() || (Poll(ref output, 1, -1) < 0 && Marshal.GetLastPInvokeError() != InterruptedCall))
                return false;
        }
        while (output.Happened == 0);
        return (output.Happened & (Error | HangUp)) != 0;
    }

    private const int InterruptedCall = 4;

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static extern int Poll(ref PollEntry entries, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }
}
