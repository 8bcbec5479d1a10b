using System.Globalization;

namespace Sequoia.Interop;

/// <summary>The times of repeated runs on a device, each measured between two events; the time of one launch if a run has several. Immutable.</summary>
public sealed class BenchmarkTimes
{
    private readonly double[] _seconds;

    internal BenchmarkTimes(IEnumerable<double> seconds) => _seconds = [.. seconds.Order()];

    /// <summary>The time of every run, shortest first.</summary>
    public IReadOnlyList<TimeSpan> All => Array.ConvertAll(_seconds, TimeSpan.FromSeconds);

    /// <summary>The median: half of the runs took no longer.</summary>
    public TimeSpan Median => TimeSpan.FromSeconds(MedianSeconds);

    /// <summary>The 5th percentile: one run in twenty took no longer.</summary>
    public TimeSpan Low => TimeSpan.FromSeconds(LowSeconds);

    /// <summary>The 95th percentile: one run in twenty took longer.</summary>
    public TimeSpan High => TimeSpan.FromSeconds(HighSeconds);

    /// <summary>The median in seconds. A <see cref="TimeSpan"/> has steps of 100 ns, which is a large part of a short launch.</summary>
    public double MedianSeconds => At(0.5);

    /// <summary>The 5th percentile in seconds.</summary>
    public double LowSeconds => At(0.05);

    /// <summary>The 95th percentile in seconds.</summary>
    public double HighSeconds => At(0.95);

    /// <summary>The median, the spread and the resulting rates.</summary>
    /// <param name="bytes">The number of bytes each run has to move. If 0, the rate is not shown.</param>
    /// <param name="flops">The number of floating-point operations in each run. If 0, the rate is not shown.</param>
    public string Describe(double bytes = 0, double flops = 0)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{1e6 * MedianSeconds:F2} us ({1e6 * LowSeconds:F2} to {1e6 * HighSeconds:F2}, {_seconds.Length} runs)");
        if (bytes > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {bytes / MedianSeconds / 1e9:F1} GB/s");
        if (flops > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {flops / MedianSeconds / 1e9:F1} GFLOP/s");
        return text;
    }

    private double At(double share) => _seconds[(int)Math.Min(_seconds.Length - 1, Math.Floor(share * _seconds.Length))];
}
