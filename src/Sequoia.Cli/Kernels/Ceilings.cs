using System.Globalization;
using Sequoia.Interop;

namespace Sequoia.Cli.Kernels;

/// <summary>
/// The peak rates of a device, measured with the kernels of kernels/micro: the figures to compare other kernels' times
/// with. Each line says what was measured and how.
/// </summary>
internal sealed class Ceilings(CudaContext context, CudaCompiler compiler)
{
    private const int BlockThreads = 256;
    private const int LinkBytes = 64 << 20;
    private const int ChainSteps = 4096;
    private const int SmallLaunches = 100;

    // In one graph between two events, whose own time is then small beside a kernel's.
    private const int LargeLaunches = 8;
    private const int MmaRounds = 2000;

    private readonly int _multiprocessors = context.Device[DeviceProperty.MultiprocessorCount];

    /// <summary>Measures one rate after the other.</summary>
    public IEnumerable<(string What, string Result)> Measure()
    {
        yield return ($"memory, reads of {MemoryBytes >> 20} MiB", ReadTimes().Describe(bytes: MemoryBytes));
        yield return ($"memory, copy of {MemoryBytes >> 21} MiB", CopyTimes().Describe(bytes: MemoryBytes));
        yield return ("L2 cache, reads", L2());
        yield return ("shared memory, reads of 16 bytes a lane", Shared());
        yield return ("latency, chain in 16 KiB", Latency(16 << 10));
        yield return ("latency, chain in 256 MiB", Latency(256 << 20));
        if (HasMma(context.Device))
            yield return ("mma m16n8k16, f16 with f32 sums", Mma());
        yield return ("launch of an empty kernel", Launches());
        yield return ("the same as a node of a graph", GraphNodes());
        yield return ("host to device, pinned", HostLink(toDevice: true));
        yield return ("device to host, pinned", HostLink(toDevice: false));
    }

    private int Grid => 8 * _multiprocessors;

    /// <summary>Whether a device has tensor cores for the measured product.</summary>
    public static bool HasMma(CudaDevice device) => device.ComputeCapability.Major >= 8;

    /// <summary>Bytes per second that a kernel reads which hardly writes: what products with few rows are compared with.</summary>
    public double ReadRate() => MemoryBytes / ReadTimes().MedianSeconds;

    /// <summary>Operations per second of tensor cores that do nothing else.</summary>
    public double MmaRate() => MmaFlops / MmaTimes().MedianSeconds;

    // Far larger than the L2 cache, so that repeated launches find hardly anything there.
    private int MemoryBytes => (int)Math.Clamp(16L * context.Device[DeviceProperty.L2CacheBytes], 512 << 20, 1 << 30);

    private static BenchmarkOptions Repeatedly => new() { FlushL2 = false, Launches = LargeLaunches };

    private BenchmarkTimes ReadTimes()
    {
        using CudaModule module = Load("read");
        CudaKernel kernel = module["read"];
        using DeviceBuffer<byte> x = context.Allocate<byte>(MemoryBytes);
        using DeviceBuffer<float> sink = context.Allocate<float>(1);
        x.FillBytesAsync(1);
        return context.Benchmark(stream => kernel.Launch(Grid, BlockThreads, 0, stream, x, sink, (int)x.Bytes / 16), Repeatedly);
    }

    private BenchmarkTimes CopyTimes()
    {
        using CudaModule module = Load("copy");
        CudaKernel kernel = module["copy"];
        using DeviceBuffer<byte> x = context.Allocate<byte>(MemoryBytes / 2), y = context.Allocate<byte>(MemoryBytes / 2);
        x.FillBytesAsync(1);
        return context.Benchmark(stream => kernel.Launch(Grid, BlockThreads, 0, stream, x, y, (int)x.Bytes / 16), Repeatedly);
    }

    private string L2()
    {
        const int Rounds = 20;
        using CudaModule module = Load("l2_read");
        CudaKernel kernel = module["l2_read"];
        int bytes = Math.Max(1 << 20, context.Device[DeviceProperty.L2CacheBytes] / 4);
        using DeviceBuffer<byte> x = context.Allocate<byte>(bytes);
        using DeviceBuffer<float> sink = context.Allocate<float>(1);
        x.FillBytesAsync(0);
        return context.Benchmark(stream => kernel.Launch(Grid, BlockThreads, 0, stream, x, sink, bytes / 16, Rounds), Repeatedly)
            .Describe(bytes: (double)bytes * Rounds);
    }

    private string Shared()
    {
        const int Rounds = 2000;
        using CudaModule module = Load("shared_read");
        CudaKernel kernel = module["shared_read"];
        using DeviceBuffer<float> sink = context.Allocate<float>(1);
        return context.Benchmark(stream => kernel.Launch(Grid, BlockThreads, 0, stream, sink, Rounds), Repeatedly)
            .Describe(bytes: 16.0 * Rounds * 4 * Grid * BlockThreads);
    }

    private string Latency(int bytes)
    {
        using CudaModule module = Load("latency");
        CudaKernel kernel = module["latency"];
        // A stride larger than lines and pages, and coprime to the count, so that the cycle visits every position.
        int count = bytes / sizeof(int), stride = 33 * 31 + 4096;
        stride += stride % 2 == 0 ? 1 : 0;
        int[] next = new int[count];
        for (int i = 0; i < count; i++)
            next[i] = (int)((i + (long)stride) % count);
        using DeviceBuffer<int> chain = context.Upload<int>(next), last = context.Allocate<int>(1);
        BenchmarkTimes times = context.Benchmark(stream => kernel.Launch(1, 1, 0, stream, chain, last, ChainSteps), Repeatedly);
        return string.Create(CultureInfo.InvariantCulture, $"{1e9 * times.MedianSeconds / ChainSteps:F0} ns a load");
    }

    private string Mma() => MmaTimes().Describe(flops: MmaFlops);

    private double MmaFlops => 2.0 * 16 * 8 * 16 * 4 * MmaRounds * Grid * BlockThreads / 32;

    private BenchmarkTimes MmaTimes()
    {
        using CudaModule module = Load("mma_rate");
        CudaKernel kernel = module["mma_rate"];
        using DeviceBuffer<float> sink = context.Allocate<float>(1);
        return context.Benchmark(stream => kernel.Launch(Grid, BlockThreads, 0, stream, sink, MmaRounds), Repeatedly);
    }

    private string Launches()
    {
        using CudaModule module = Load("empty");
        CudaKernel kernel = module["empty"];
        BenchmarkTimes times = context.Benchmark(
            stream =>
            {
                for (int i = 0; i < SmallLaunches; i++)
                    kernel.Launch(1, 32, 0, stream);
            },
            new() { FlushL2 = false });
        return Each(times.MedianSeconds / SmallLaunches);
    }

    private string GraphNodes()
    {
        using CudaModule module = Load("empty");
        CudaKernel kernel = module["empty"];
        BenchmarkTimes times = context.Benchmark(stream => kernel.Launch(1, 32, 0, stream), new() { FlushL2 = false, Launches = SmallLaunches });
        return Each(times.MedianSeconds);
    }

    private string HostLink(bool toDevice)
    {
        using PinnedBuffer<byte> host = context.AllocatePinned<byte>(LinkBytes);
        using DeviceBuffer<byte> device = context.Allocate<byte>(LinkBytes);
        device.FillBytesAsync(0);
        return context.Benchmark(
            stream =>
            {
                if (toDevice)
                    device.CopyFromAsync(host, stream);
                else
                    device.CopyToAsync(host, stream);
            },
            new() { FlushL2 = false }).Describe(bytes: host.Bytes);
    }

    private static string Each(double seconds) =>
        string.Create(CultureInfo.InvariantCulture, $"{1e6 * seconds:F2} us each, {SmallLaunches} behind each other");

    private CudaModule Load(string name)
    {
        string file = $"micro/{name}.cu";
        using Stream source = typeof(Ceilings).Assembly.GetManifestResourceStream(file)!;
        using var reader = new StreamReader(source);
        return context.Compile(compiler, reader.ReadToEnd(), new CompileOptions { FileName = file, Kernels = [name] });
    }
}
