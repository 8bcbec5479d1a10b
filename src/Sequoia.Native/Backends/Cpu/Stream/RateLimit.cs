using System.Diagnostics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// Limits how fast weights are read, as a slower disk would: reads follow one another, each takes as long as its bytes need at the rate, and time without a read is
/// lost. For tests and demonstrations. Thread-safe.
/// </summary>
internal sealed class RateLimit(double bytesPerSecond)
{
    // Sleeping ends a little late; that is not time without a read.
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private TimeSpan _free;

    /// <summary>Takes the link for a read that begins now or when the reads before it have ended; returns when it will have ended.</summary>
    public TimeSpan Begin(long bytes)
    {
        lock (_gate)
        {
            TimeSpan now = Stopwatch.GetElapsedTime(0), from = _free > now - s_late ? _free : now;
            return _free = from + TimeSpan.FromSeconds(bytes / bytesPerSecond);
        }
    }

    /// <summary>Waits for the end of a read.</summary>
    public static void Wait(TimeSpan end)
    {
        TimeSpan left = end - Stopwatch.GetElapsedTime(0);
        if (left > TimeSpan.Zero)
            Thread.Sleep(left);
    }
}
