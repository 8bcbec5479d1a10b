namespace Sequoia.Interop;

/// <summary>Times work on a stream with events.</summary>
internal static class Benchmark
{
    public static BenchmarkTimes Run(CudaContext context, Action<CudaStream> work, BenchmarkOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.WarmUps);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Repeats, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Launches, 1);
        using CacheFlush? flush = options.FlushL2 ? CacheFlush.TryCreate(context) : null;
        // Operands may have come through the default stream, which this stream does not wait for.
        context.Synchronize();
        using CudaStream stream = context.CreateStream(nonBlocking: true);
        using var clock = new StreamClock(context, stream);
        return new BenchmarkTimes(options.Launches == 1 ? Single(clock, work, flush, options) : Recorded(clock, work, flush, options));
    }

    private static double[] Single(StreamClock clock, Action<CudaStream> work, CacheFlush? flush, BenchmarkOptions options) =>
        Repeated(options, () =>
        {
            flush?.Launch(clock.Stream);
            return clock.Time(work);
        });

    /// <summary>
    /// Many launches in one graph, so that the events' own time is divided by their number. With a flush before each launch, the time of a graph of
    /// the flushes alone is subtracted.
    /// </summary>
    private static double[] Recorded(StreamClock clock, Action<CudaStream> work, CacheFlush? flush, BenchmarkOptions options)
    {
        // Loading a kernel is not possible while recording.
        flush?.Launch(clock.Stream);
        work(clock.Stream);
        clock.Stream.Synchronize();
        using ExecutableGraph all = Record(both: true);
        using ExecutableGraph? flushes = flush is null ? null : Record(both: false);
        return Repeated(options, () =>
        {
            double without = flushes is null ? 0 : clock.Time(flushes.Launch);
            return Math.Max(0, clock.Time(all.Launch) - without) / options.Launches;
        });

        ExecutableGraph Record(bool both)
        {
            using CudaGraph graph = clock.Stream.Capture(() =>
            {
                for (int i = 0; i < options.Launches; i++)
                {
                    flush?.Launch(clock.Stream);
                    if (both)
                        work(clock.Stream);
                }
            });
            return graph.Instantiate();
        }
    }

    private static double[] Repeated(BenchmarkOptions options, Func<double> run)
    {
        double[] seconds = new double[options.Repeats];
        for (int i = -options.WarmUps; i < seconds.Length; i++)
        {
            double time = run();
            if (i >= 0)
                seconds[i] = time;
        }
        return seconds;
    }

    /// <summary>Two events on a stream.</summary>
    private sealed class StreamClock(CudaContext context, CudaStream stream) : IDisposable
    {
        private readonly CudaEvent _start = context.CreateEvent(), _end = context.CreateEvent();

        public CudaStream Stream => stream;

        public double Time(Action<CudaStream> work)
        {
            _start.Record(stream);
            work(stream);
            _end.Record(stream);
            // Runs are synchronous, so that the next run's flush does not overlap with this run.
            _end.Synchronize();
            return CudaEvent.SecondsBetween(_start, _end);
        }

        public void Dispose()
        {
            _start.Dispose();
            _end.Dispose();
        }
    }
}

/// <summary>The settings of <see cref="CudaContext.Benchmark"/>.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>The number of warm-up runs.</summary>
    public int WarmUps { get; init; } = 5;

    /// <summary>The number of measured runs.</summary>
    public int Repeats { get; init; } = 31;

    /// <summary>Whether to flush the L2 cache before each launch, so that inputs are read from memory.</summary>
    public bool FlushL2 { get; init; } = true;

    /// <summary>
    /// The number of launches of a run, all in one graph between two events; times are those of one launch. Recording an event takes 2 to 3
    /// microseconds, so short kernels need many. The work must be possible to record (<see cref="CudaStream.Capture"/>) if this is above 1.
    /// </summary>
    public int Launches { get; init; } = 1;
}
