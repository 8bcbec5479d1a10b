using System.Diagnostics;
using Sequoia.Interop;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Bench;

/// <summary>A way to measure work of a queue: by a GPU's events, by the wall clock, or by counting on a device without times.</summary>
internal abstract class WorkMeter
{
    /// <summary>The number of times of one piece of work.</summary>
    public const int DefaultRepeats = 9;

    /// <summary>Describes the figures in one line.</summary>
    public abstract string About { get; }

    /// <summary>Measures one run of work.</summary>
    /// <param name="work">Queues the work; the same each time except for the contents of device memory.</param>
    /// <param name="mostRuns">The maximum number of successive runs without <paramref name="before"/>.</param>
    /// <param name="before">Restores what the work changes.</param>
    public abstract WorkFigure Measure(Action work, int mostRuns = int.MaxValue, Action? before = null);

    public static WorkMeter For(Backend backend, WorkQueue queue, int repeats) =>
        !backend.HasTimes ? new WorkCounter(backend, queue)
        : backend is CudaBackend cuda ? new GraphClock(cuda.Context, CudaQueue.StreamOf(queue), repeats)
        : new WallClock(repeats);
}

/// <summary>What one run of work takes: its times, or what its launches do on a device that has none.</summary>
internal sealed record WorkFigure(TimeSpread? Times, IReadOnlyList<KernelProfile> Launches);

/// <summary>The times of repeated runs, in seconds.</summary>
internal readonly record struct TimeSpread(double Median, double Low, double High)
{
    public static TimeSpread Of(double[] seconds)
    {
        Array.Sort(seconds);
        return new TimeSpread(seconds[seconds.Length / 2], seconds[0], seconds[^1]);
    }
}

/// <summary>
/// A GPU's times: the work is recorded as a graph, which is launched many times between two events. So a time contains the gaps between kernels, as in
/// a step, and hardly any of the events' own.
/// </summary>
internal sealed class GraphClock(CudaContext context, CudaStream stream, int repeats) : WorkMeter
{
    private const int Replays = 30;

    public override string About => $"medians of {repeats} times, each the mean of {Replays} replays of a graph between two events";

    public override WorkFigure Measure(Action work, int mostRuns, Action? before)
    {
        before?.Invoke();
        // The first run loads kernels, which is not possible while recording.
        work();
        stream.Synchronize();
        using CudaGraph graph = stream.Capture(work);
        using ExecutableGraph replay = graph.Instantiate();
        int runs = Math.Min(Replays, mostRuns);
        double[] seconds = new double[repeats];
        for (int i = -1; i < repeats; i++)
        {
            before?.Invoke();
            BenchmarkTimes times = context.Benchmark(
                queue =>
                {
                    for (int run = 0; run < runs; run++)
                        replay.Launch(queue);
                },
                new() { FlushL2 = false, WarmUps = 0, Repeats = 1 });
            if (i >= 0)
                seconds[i] = times.MedianSeconds / runs;
        }
        return new WorkFigure(TimeSpread.Of(seconds), []);
    }
}

/// <summary>The CPU's times by the wall clock.</summary>
internal sealed class WallClock(int repeats) : WorkMeter
{
    // Shorter work is run several times, until the clock's own steps and the workers' start are small beside it.
    private const double LeastSeconds = 2e-3;

    public override string About => $"medians of {repeats} times by the wall clock, the fastest and the slowest";

    public override WorkFigure Measure(Action work, int mostRuns, Action? before)
    {
        double first = Time(1), second = Time(1);
        int runs = (int)Math.Clamp(LeastSeconds / Math.Min(first, second), 1, mostRuns);
        double[] seconds = new double[repeats];
        for (int i = 0; i < repeats; i++)
            seconds[i] = Time(runs);
        return new WorkFigure(TimeSpread.Of(seconds), []);

        double Time(int count)
        {
            before?.Invoke();
            long start = Stopwatch.GetTimestamp();
            for (int run = 0; run < count; run++)
                work();
            return Stopwatch.GetElapsedTime(start).TotalSeconds / count;
        }
    }
}

/// <summary>The software GPU's counts.</summary>
internal sealed class WorkCounter(Backend backend, WorkQueue queue) : WorkMeter
{
    public override string About => "counts, no times: this device executes kernels on the CPU";

    public override WorkFigure Measure(Action work, int mostRuns, Action? before)
    {
        before?.Invoke();
        backend.Wait(queue);
        var launches = new List<KernelProfile>();
        void Keep(LaunchReport report) => launches.Add(report.Profile!);
        LaunchOptions options = SoftwareDriver.Options;
        SoftwareDriver.Options = options with { Counters = true };
        SoftwareDriver.Launched += Keep;
        try
        {
            work();
            backend.Wait(queue);
        }
        finally
        {
            SoftwareDriver.Launched -= Keep;
            SoftwareDriver.Options = options;
        }
        return new WorkFigure(null, launches);
    }
}
