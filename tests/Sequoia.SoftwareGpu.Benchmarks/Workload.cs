using System.Diagnostics;
using Sequoia.SoftwareGpu.Tests;

namespace Sequoia.SoftwareGpu.Benchmarks;

/// <summary>A kernel with its buffers.</summary>
internal sealed class Workload(string name, Gpu gpu, Func<Gpu, LaunchReport> launch)
{
    // Long enough for the clock, and short enough for rounds to see the same machine.
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(200);

    public string Name => name;

    public static Workload Softmax()
    {
        Gpu gpu = Gpu.FromCuda(BasicKernels.Softmax);
        ulong x = gpu.Upload(Floats(256 * 4096)), y = gpu.Allocate<float>(256 * 4096);
        return new Workload("softmax 256x4096", gpu, g => g.Launch("softmax", 256, 256, x, y, 4096));
    }

    public static Workload Gemm()
    {
        Gpu gpu = Gpu.FromCuda(BasicKernels.TiledGemm);
        ulong a = gpu.Upload(Floats(512 * 512)), b = gpu.Upload(Floats(512 * 512)), c = gpu.Allocate<float>(512 * 512);
        return new Workload("gemm 512^3", gpu, g => g.Launch("gemm", (8, 8, 1), (256, 1, 1), 0, a, b, c, 512, 512, 512));
    }

    public long CountLanes()
    {
        gpu.Options = new LaunchOptions { Counters = true };
        return launch(gpu).Profile!.LaneInstructions;
    }

    /// <summary>Seconds of one launch, over one turn.</summary>
    public double Seconds(LaunchOptions options)
    {
        gpu.Options = options;
        int launches = 0;
        var clock = Stopwatch.StartNew();
        for (; clock.Elapsed < Turn; launches++)
            launch(gpu);
        return clock.Elapsed.TotalSeconds / launches;
    }

    private static float[] Floats(int count)
    {
        Random random = new(1);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
    }
}
