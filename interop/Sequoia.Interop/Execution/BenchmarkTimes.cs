using System.Globalization;

namespace Sequoia.Interop;

/// <summary>The times of repeated runs on a device, each measured between two events. Immutable.</summary>
public sealed class BenchmarkTimes
{
    internal BenchmarkTimes(IEnumerable<TimeSpan> times) => All = [.. times.Order()];

    /// <summary>The time of every run, shortest first.</summary>
    public IReadOnlyList<TimeSpan> All { get; }

    /// <summary>The median: half of the runs took no longer.</summary>
    public TimeSpan Median => At(0.5);

    /// <summary>The 5th percentile: one run in twenty took no longer.</summary>
    public TimeSpan Low => At(0.05);

    /// <summary>The 95th percentile: one run in twenty took longer.</summary>
    public TimeSpan High => At(0.95);

    /// <summary>The median, the spread and the resulting rates.</summary>
    /// <param name="bytes">The number of bytes each run has to move. If 0, the rate is not shown.</param>
    /// <param name="flops">The number of floating-point operations in each run. If 0, the rate is not shown.</param>
    public string Describe(double bytes = 0, double flops = 0)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{Median.TotalMicroseconds:F2} us ({Low.TotalMicroseconds:F2} to {High.TotalMicroseconds:F2}, {All.Count} runs)");
        if (bytes > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {bytes / Median.TotalSeconds / 1e9:F1} GB/s");
        if (flops > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {flops / Median.TotalSeconds / 1e9:F1} GFLOP/s");
        return text;
    }

    private TimeSpan At(double share) => All[(int)Math.Min(All.Count - 1, Math.Floor(share * All.Count))];
}
