using System.Text.Json;

namespace Sequoia.SoftwareGpu.Tests;

internal sealed class ProfileTests : CudaFixture
{
    [Test]
    public void Counts_of_a_vector_add_are_exact()
    {
        using Gpu gpu = Gpu.FromCuda(BasicKernels.VectorAdd);
        gpu.Options = new LaunchOptions { Counters = true };
        const int n = 100;
        ulong a = gpu.Upload(new float[n]), b = gpu.Upload(new float[n]), c = gpu.Allocate<float>(n);
        KernelProfile profile = gpu.Launch("add", 2, 64, a, b, c, n).Profile!;
        ExecutionCounts add = profile.Lines.Single(l => l.Line == 4).Counts;
        using (Assert.EnterMultipleScope())
        {
            // Four warps, the last one with four lanes inside; each touches three arrays.
            Assert.That(add.GlobalRequests, Is.EqualTo(12));
            Assert.That(add.GlobalSectors, Is.EqualTo(3 * ((3 * 4) + 1)));
            Assert.That(add.GlobalBytes, Is.EqualTo(3 * n * 4));
            Assert.That(profile.DistinctGlobalBytes, Is.EqualTo(3 * n * 4));
            Assert.That(profile.Total.Flops, Is.EqualTo(n));
            Assert.That(profile.ByClass["global"], Is.EqualTo(12));
            Assert.That(profile.ToTable(), Does.Contain("kernel.cu:4"));
            using JsonDocument json = JsonDocument.Parse(profile.ToJson());
            Assert.That(json.RootElement.GetProperty("total").GetProperty("globalSectors").GetInt64(), Is.EqualTo(profile.Total.GlobalSectors));
        }
    }

    [TestCase(1, 1)]
    [TestCase(2, 2)]
    [TestCase(8, 8)]
    [TestCase(32, 32)]
    [TestCase(33, 1)]
    public void Bank_conflicts_follow_the_stride(int stride, int wavefronts)
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __global__ void k(float* out, int stride)
            {
                extern __shared__ float s[];
                s[threadIdx.x * stride] = 1;
                __syncthreads();
                out[threadIdx.x] = s[threadIdx.x * stride];
            }
            """);
        gpu.Options = new LaunchOptions { Counters = true };
        ExecutionCounts total = gpu.Launch("k", (1, 1, 1), (32, 1, 1), 4 * 33 * 32, gpu.Allocate<float>(32), stride).Profile!.Total;
        Assert.That((total.SharedRequests, total.SharedWavefronts, total.SharedIdealWavefronts, total.Barriers), Is.EqualTo((2L, 2L * wavefronts, 2L, 1L)));
    }

    [Test]
    public void Lane_efficiency_of_a_divergent_loop()
    {
        using Gpu gpu = Gpu.FromCuda("""extern "C" __global__ void k(volatile int* out, int n) { for (int i = 0; i < threadIdx.x * n; i++) out[threadIdx.x] = i; }""");
        gpu.Options = new LaunchOptions { Counters = true };
        ExecutionCounts total = gpu.Launch("k", 1, 32, gpu.Allocate<int>(32), 20).Profile!.Total;

        // Lane t runs 20 t of the 620 rounds: half of the lanes are busy on average.
        Assert.That(total.LaneEfficiency, Is.EqualTo(0.5).Within(0.03));
    }

    [TestCase(32, 256, 0, 64, "warps")]
    [TestCase(64, 256, 0, 32, "registers")]
    [TestCase(255, 128, 0, 8, "registers")]
    [TestCase(32, 32, 0, 32, "blocks")]
    [TestCase(32, 128, 48 * 1024, 12, "shared memory")]
    public void Occupancy_of_a_100_class_multiprocessor(int registers, int threads, int shared, int warps, string limiter)
    {
        Occupancy occupancy = Occupancy.Compute(registers, threads, shared, MultiprocessorLimits.Sm80);
        Assert.That((occupancy.WarpsPerMultiprocessor, occupancy.Limiter), Is.EqualTo((warps, limiter)));
    }

    [Test]
    public void Counting_changes_no_result()
    {
        using Gpu gpu = Gpu.FromCuda(BasicKernels.Softmax);
        Random random = new(8);
        ulong x = gpu.Upload(Enumerable.Range(0, 4 * 777).Select(_ => random.NextSingle()).ToArray()), y = gpu.Allocate<float>(4 * 777);
        List<float[]> results = [];
        foreach (LaunchOptions options in (LaunchOptions[])[new(), new() { Counters = true }, new() { Checks = true }, new() { Threads = 2 }, new() { Schedule = Schedule.Random }, new() { Schedule = Schedule.Adversarial, Counters = true, Checks = true }])
        {
            gpu.Options = options;
            gpu.Launch("softmax", 4, 128, x, y, 777);
            results.Add(gpu.Download<float>(y, 4 * 777));
        }

        Assert.That(results, Is.All.EqualTo(results[0]));
    }
}
