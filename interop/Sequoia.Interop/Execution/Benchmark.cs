namespace Sequoia.Interop;

/// <summary>Times work on a stream with events.</summary>
internal static class Benchmark
{
    // Larger than the cache, because lines are not always evicted in the order of their use.
    private const int Flushes = 4;

    public static BenchmarkTimes Run(CudaContext context, Action<CudaStream> work, BenchmarkOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.WarmUps);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Repeats, 1);
        // The stream does not wait for the default stream, in which callers prepare what they time.
        context.Synchronize();
        using CudaStream stream = context.CreateStream(nonBlocking: true);
        using CudaEvent start = context.CreateEvent(), end = context.CreateEvent();
        int cache = options.FlushL2 ? context.Device[DeviceProperty.L2CacheBytes] : 0;
        using DeviceBuffer<byte>? flushed = cache > 0 ? context.Allocate<byte>((long)Flushes * cache) : null;
        var times = new TimeSpan[options.Repeats];
        for (int run = -options.WarmUps; run < options.Repeats; run++)
        {
            flushed?.FillBytesAsync(0, stream);
            start.Record(stream);
            work(stream);
            end.Record(stream);
            // Runs are synchronous, so that the next run's flush does not overlap with this run.
            end.Synchronize();
            if (run >= 0)
                times[run] = CudaEvent.Elapsed(start, end);
        }
        return new BenchmarkTimes(times);
    }
}

/// <summary>The settings of <see cref="CudaContext.Benchmark"/>.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>The number of warm-up runs.</summary>
    public int WarmUps { get; init; } = 5;

    /// <summary>The number of measured runs.</summary>
    public int Repeats { get; init; } = 31;

    /// <summary>Whether to flush the L2 cache before each run, so that inputs are read from memory.</summary>
    public bool FlushL2 { get; init; } = true;
}
