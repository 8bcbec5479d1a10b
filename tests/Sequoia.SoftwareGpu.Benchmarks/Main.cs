using System.Diagnostics;
using Sequoia.SoftwareGpu;
using Sequoia.SoftwareGpu.Tests;

// Prints lane-instructions per second of two kernels, without and with checks and counters.
// Instructions are the dynamic count of PTX instructions, as the counters give it.
Workload[] workloads = [Workload.Softmax(), Workload.Gemm()];
foreach (Workload workload in workloads)
{
    long lanes = workload.CountLanes();
    double bare = workload.Measure(new LaunchOptions());
    Console.WriteLine($"{workload.Name}: {lanes / 1e6:F1} M lane-instructions");
    Report("plain", bare);
    Report("counters", workload.Measure(new LaunchOptions { Counters = true }));
    Report("checks", workload.Measure(new LaunchOptions { Checks = true }));
    Report("checks + counters", workload.Measure(new LaunchOptions { Checks = true, Counters = true }));
    Report("2 threads", workload.Measure(new LaunchOptions { Threads = 2 }));

    void Report(string what, double seconds) =>
        Console.WriteLine($"  {what,-18} {seconds * 1e3,8:F2} ms  {lanes / seconds / 1e9,6:F2} G lane-instr/s  {seconds / bare,5:F2} x");
}

using Gpu empty = Gpu.FromCuda("""extern "C" __global__ void k(int n) { }""");
byte[] parameters = Gpu.Pack(empty.Kernels["k"], 1);
long begin = Stopwatch.GetTimestamp();
const int launches = 200_000;
for (int k = 0; k < launches; k++)
    Launcher.Run(empty.Memory, empty.Kernels["k"], (1, 1, 1), (32, 1, 1), 0, parameters);
Console.WriteLine($"empty launch: {Stopwatch.GetElapsedTime(begin).TotalMicroseconds / launches:F2} us");

internal sealed class Workload(string name, Gpu gpu, Func<Gpu, LaunchReport> launch)
{
    public string Name { get; } = name;

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

    /// <summary>The best of many launches: other work on the machine only makes them slower.</summary>
    public double Measure(LaunchOptions options)
    {
        gpu.Options = options;
        double best = double.MaxValue;
        long end = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * 2);
        while (Stopwatch.GetTimestamp() < end)
        {
            long start = Stopwatch.GetTimestamp();
            launch(gpu);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static float[] Floats(int count)
    {
        Random random = new(1);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
    }
}
