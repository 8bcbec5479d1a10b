using Sequoia.Cli.Bench;
using Sequoia.Interop;
using Sequoia.Native.Models;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Tests;

/// <summary>The arithmetic of sequoia bench: clocks with a modelled device, predictions, weights.</summary>
public unsafe class BenchPartsTests
{
    // Reads count words; each is asked for once.
    private const string Ptx = """
        .version 8.0
        .target sm_80
        .address_size 64
        .visible .entry words(.param .u64 data)
        {
            .reg .b32 %r<5>;
            .reg .b64 %d<4>;
            ld.param.u64 %d1, [data];
            mov.u32 %r1, %ctaid.x;
            mov.u32 %r2, %ntid.x;
            mov.u32 %r3, %tid.x;
            mad.lo.s32 %r3, %r1, %r2, %r3;
            mul.wide.u32 %d2, %r3, 4;
            add.s64 %d3, %d1, %d2;
            ld.volatile.global.u32 %r4, [%d3];
            ret;
        }
        """;

    [TearDown]
    public void Reset() => SoftwareDriver.Options = new LaunchOptions();

    [Test]
    public void A_graphs_time_is_the_mean_of_its_replays()
    {
        // The software driver's cost model: 2 us a graph, 2 us a kernel and one for each 100,000 warp instructions.
        using CudaContext context = SoftwareDriver.Open();
        using CudaModule module = context.Load(System.Text.Encoding.UTF8.GetBytes(Ptx));
        using DeviceBuffer<int> data = context.Upload<int>(new int[32]);
        using CudaStream stream = context.CreateStream(nonBlocking: true);
        int befores = 0, works = 0;
        TimeSpread times = new GraphClock(context, stream, repeats: 3).Measure(
            () =>
            {
                works++;
                for (int i = 0; i < 5; i++)
                    module["words"].Launch(1, 32, 0, stream, data);
            },
            mostRuns: 7, before: () => befores++).Times!.Value;
        Assert.That(times.Median, Is.EqualTo(2e-6 + (5 * 2.0001e-6)).Within(1e-9));
        Assert.That((times.Low, times.High), Is.EqualTo((times.Median, times.Median)));
        Assert.That((works, befores), Is.EqualTo((2, 5)), "once to load kernels, once to record; before the first run, a warm-up and each time");
    }

    [Test]
    public void A_large_read_is_predicted_by_the_memory_and_an_empty_one_by_its_launch()
    {
        GpuModel gpu = GpuModel.Find("a100");
        PredictedTime large = gpu.Predict([Words(1 << 15)], 1), twice = gpu.Predict([Words(1 << 16)], 1), small = gpu.Predict([Words(1)], 1);
        double constant = gpu.LaunchGap + gpu.Fill + gpu.Drain, bytes = 4.0 * 256 * (1 << 15);
        Assert.Multiple(() =>
        {
            Assert.That(large.Limit, Is.EqualTo("memory"));
            Assert.That(large.Seconds, Is.InRange(constant + (bytes / gpu.ReadBandwidth), constant + (1.5 * bytes / gpu.ReadBandwidth)));
            Assert.That((twice.Seconds - constant) / (large.Seconds - constant), Is.EqualTo(2).Within(0.01));
            Assert.That(small.Limit, Is.EqualTo("launch"));
            Assert.That(small.Seconds, Is.InRange(constant, constant + 1e-6));
            Assert.That(gpu.Predict([Words(1)], 32).Seconds, Is.EqualTo(32 * small.Seconds).Within(1e-12));
        });
    }

    [Test]
    public void One_block_has_one_multiprocessor()
    {
        GpuModel gpu = GpuModel.Find("4090");
        KernelProfile one = Words(1), many = Words(gpu.Multiprocessors);
        double constant = gpu.LaunchGap + gpu.Fill + gpu.Drain;
        Assert.That(many.Total.WarpInstructions, Is.EqualTo(gpu.Multiprocessors * one.Total.WarpInstructions));
        Assert.That(gpu.Predict([many], 1).Seconds - constant, Is.LessThan(2 * (gpu.Predict([one], 1).Seconds - constant)));
    }

    [Test]
    public void Random_weights_share_a_buffer_or_have_memory_of_their_own([Values] bool copied)
    {
        LlamaConfig config = (ModelShape.Find("", "68m") with { Vocabulary = 4096 }).ToConfig();
        using var weights = new SyntheticWeights(config, copied);
        TensorView[] matrices = [.. weights.Tensors.Matrices];
        long[] first = [.. matrices.Select(matrix => (long)matrix.Address).Order()];
        long span = first[^1] - first[0], all = matrices.Sum(matrix => matrix.Bytes);
        Assert.Multiple(() =>
        {
            Assert.That(matrices, Has.Length.EqualTo(2 + (2 * 7)));
            Assert.That(matrices.SelectMany(matrix => matrices.Where(other => other != matrix && Overlap(matrix, other))).Any(), Is.EqualTo(!copied));
            if (!copied)
                Assert.That(span, Is.LessThan(all / 2), "one buffer of the largest matrix");
        });
        double[] numbers = [.. Numbers(matrices[3]).Take(100_000)];
        Assert.That(numbers.Average(), Is.Zero.Within(0.0005));
        Assert.That(Math.Sqrt(numbers.Average(number => number * number)), Is.EqualTo(0.02).Within(0.0005));
        Assert.That(Numbers(weights.Tensors.FinalNorm), Has.All.EqualTo(1));
    }

    [Test]
    public void Shapes_have_the_published_numbers_of_weights()
    {
        Assert.Multiple(() =>
        {
            foreach ((string name, double billions) in (ReadOnlySpan<(string, double)>)
                [("llama2-7b", 6.738), ("llama2-13b", 13.016), ("llama2-70b", 68.977), ("llama3-8b", 8.030), ("tinyllama", 1.100), ("1b", 1.236), ("68m", 0.068), ("160m", 0.162)])
            {
                ModelShape shape = ModelShape.Find("", name);
                Assert.That(shape.Parameters / 1e9, Is.EqualTo(billions).Within(0.0006), name);
            }
        });
    }

    private static bool Overlap(TensorView a, TensorView b) => a.Address < b.Address + b.Bytes && b.Address < a.Address + a.Bytes;

    private static List<double> Numbers(TensorView tensor)
    {
        var numbers = new List<double>();
        for (long i = 0; i < tensor.Bytes / 2; i++)
            numbers.Add(BitConverter.UInt32BitsToSingle((uint)((ushort*)tensor.Address)[i] << 16));
        return numbers;
    }

    private static KernelProfile Words(int blocks)
    {
        const int Threads = 256;
        SoftwareDriver.Options = new LaunchOptions { Counters = true };
        using CudaContext context = SoftwareDriver.Open(SoftwareDriver.Options);
        using CudaModule module = context.Load(System.Text.Encoding.UTF8.GetBytes(Ptx));
        using DeviceBuffer<int> data = context.Allocate<int>(blocks * Threads);
        data.FillBytesAsync(0);
        return SoftwareDriver.Observe(() =>
        {
            module["words"].Launch(blocks, Threads, 0, null, data);
            context.Synchronize();
        }).Profile!;
    }
}
