using System.Globalization;

namespace Sequoia.Interop;

/// <summary>The times of repeated runs on a device, between two events each. Immutable.</summary>
public sealed class BenchmarkTimes
{
    internal BenchmarkTimes(IEnumerable<TimeSpan> times) => All = [.. times.Order()];

    /// <summary>Every run, the shortest first.</summary>
    public IReadOnlyList<TimeSpan> All { get; }

    /// <summary>Half of the runs took no longer.</summary>
    public TimeSpan Median => At(0.5);

    /// <summary>One run in twenty took no longer.</summary>
    public TimeSpan Low => At(0.05);

    /// <summary>One run in twenty took longer.</summary>
    public TimeSpan High => At(0.95);

    /// <summary>Median and spread, and what rates they amount to.</summary>
    /// <param name="bytes">Bytes that each run has to move; 0: not shown.</param>
    /// <param name="flops">Floating-point operations of each run; 0: not shown.</param>
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
