using System.Diagnostics;

namespace Sequoia.Cli.Offload;

/// <summary>Limits how fast weights are read, as a slower disk would: each read takes as long as its bytes need at the rate. For demonstrations only. Thread-safe.</summary>
internal sealed class RateLimit(double bytesPerSecond)
{
    // A reader that comes a little late has not been idle: sleeping is not more exact.
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private TimeSpan _free;

    /// <summary>Waits until the link has carried these bytes.</summary>
    public void Wait(long bytes)
    {
        TimeSpan until;
        lock (_gate)
        {
            TimeSpan now = Stopwatch.GetElapsedTime(0);
            TimeSpan from = _free > now - s_late ? _free : now;
            until = _free = from + TimeSpan.FromSeconds(bytes / bytesPerSecond);
        }
        TimeSpan left = until - Stopwatch.GetElapsedTime(0);
        if (left > TimeSpan.Zero)
            Thread.Sleep(left);
    }
}
