using Sequoia.Interop;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Micro;

/// <summary>The kernels that measure a GPU's ceilings do what their times are divided by.</summary>
internal sealed class MicroKernelTests : CudaFixture
{
    private const int Blocks = 3, Threads = 64;

    [TearDown]
    public void Reset() => SoftwareDriver.Options = new LaunchOptions();

    [TestCase("read", 1)]
    [TestCase("l2_read", 5)]
    public void A_reading_kernel_asks_for_every_byte_once_a_round(string name, int rounds)
    {
        const int Count = 1001;
        SoftwareDriver.Options = new LaunchOptions { Checks = true, Counters = true };
        using CudaModule module = Load(name);
        using DeviceBuffer<float> x = TestGpu.Context.Upload<float>(new float[4 * Count]), sink = TestGpu.Context.Upload<float>([0]);
        ExecutionCounts counts = SoftwareDriver.Observe(() => Launch(module[name], x, sink, Count, rounds)).Profile!.Total;
        Assert.That(counts.GlobalBytes, Is.EqualTo(16L * Count * rounds));
        Assert.That(sink.ToArray()[0], Is.Zero, "a sum of zeros is not written");
    }

    [TestCase("read")]
    [TestCase("l2_read")]
    public void A_reading_kernel_uses_what_it_reads(string name)
    {
        const int Count = 500;
        using CudaModule module = Load(name);
        foreach (int at in (int[])[0, 777, (4 * Count) - 1])
        {
            float[] values = new float[4 * Count];
            values[at] = -1;
            using DeviceBuffer<float> x = TestGpu.Context.Upload<float>(values), sink = TestGpu.Context.Upload<float>([0]);
            Launch(module[name], x, sink, Count, 1);
            Assert.That(sink.ToArray()[0], Is.EqualTo(-1f), $"float {at}");
        }
    }

    private static void Launch(CudaKernel kernel, DeviceBuffer<float> x, DeviceBuffer<float> sink, int count, int rounds)
    {
        if (kernel.Name == "read")
            kernel.Launch(Blocks, Threads, 0, null, x, sink, count);
        else
            kernel.Launch(Blocks, Threads, 0, null, x, sink, count, rounds);
        TestGpu.Context.Synchronize();
    }

    private static CudaModule Load(string name) => TestGpu.Context.Compile(
        TestGpu.Compiler, File.ReadAllText(Path.Combine(Repository.Root, "kernels", "micro", name + ".cu")), new() { FileName = name + ".cu", Kernels = [name] });
}
