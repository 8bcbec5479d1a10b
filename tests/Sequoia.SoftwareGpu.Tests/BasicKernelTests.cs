namespace Sequoia.SoftwareGpu.Tests;

internal sealed class BasicKernelTests : CudaFixture
{
    [Test]
    public void Vector_add_equals_the_sum([Values(1, 31, 1000)] int n)
    {
        using Gpu gpu = Gpu.FromCuda(BasicKernels.VectorAdd);
        Random random = new(1);
        float[] a = Floats(random, n), b = Floats(random, n);
        ulong c = gpu.Allocate<float>(n);
        gpu.Launch("add", (uint)((n + 127) / 128), 128, gpu.Upload(a), gpu.Upload(b), c, n);
        Assert.That(gpu.Download<float>(c, n), Is.EqualTo(a.Zip(b, (x, y) => x + y)));
    }

    [TestCase(256, 4096, 3)]
    [TestCase(96, 1000, 2)]
    [TestCase(32, 7, 1)]
    public void Softmax_of_rows(int threads, int columns, int rows)
    {
        using Gpu gpu = Gpu.FromCuda(BasicKernels.Softmax);
        float[] x = Floats(new Random(2), rows * columns);
        ulong y = gpu.Allocate<float>(x.Length);
        gpu.Launch("softmax", (uint)rows, (uint)threads, gpu.Upload(x), y, columns);
        float[] result = gpu.Download<float>(y, x.Length);
        for (int row = 0; row < rows; row++)
        {
            double[] e = [.. x.Skip(row * columns).Take(columns).Select(v => Math.Exp(v))];
            double sum = e.Sum();

            // expf is good to 2 ulp, the sum of 4096 terms in a tree to a few more: 2e-6 relative leaves a margin of two.
            for (int k = 0; k < columns; k++)
                Assert.That(result[(row * columns) + k], Is.EqualTo(e[k] / sum).Within(2e-6 * e[k] / sum));
        }
    }

    [Test]
    public void Tiled_gemm()
    {
        const int m = 128, n = 192, k = 64;
        using Gpu gpu = Gpu.FromCuda(BasicKernels.TiledGemm);
        Random random = new(3);
        float[] a = Floats(random, m * k), b = Floats(random, k * n);
        ulong c = gpu.Allocate<float>(m * n);
        gpu.Launch("gemm", (n / 64, m / 64, 1), (256, 1, 1), 0, gpu.Upload(a), gpu.Upload(b), c, m, n, k);
        float[] result = gpu.Download<float>(c, m * n);
        for (int row = 0; row < m; row++)
        {
            for (int column = 0; column < n; column++)
            {
                // The kernel's sum is one chain of fused multiply-adds in k order: the bits are determined.
                float sum = 0;
                for (int i = 0; i < k; i++)
                    sum = MathF.FusedMultiplyAdd(a[(row * k) + i], b[(i * n) + column], sum);
                Assert.That(result[(row * n) + column], Is.EqualTo(sum));
            }
        }
    }

    [Test]
    public void Launches_of_one_kernel_may_run_at_the_same_time()
    {
        using Gpu gpu = Gpu.FromCuda(BasicKernels.Softmax);
        Kernel kernel = gpu.Kernels["softmax"];
        float[] x = Floats(new Random(2), 4 * 500);
        ulong input = gpu.Upload(x);
        ulong[] outputs = [.. Enumerable.Range(0, 24).Select(_ => gpu.Allocate<float>(x.Length))];
        Parallel.For(0, outputs.Length, k =>
        {
            LaunchOptions options = new() { Checks = k % 3 == 0, Counters = k % 4 == 0 };
            LaunchReport report = Launcher.Run(gpu.Memory, kernel, (4, 1, 1), (128, 1, 1), 0, Gpu.Pack(kernel, input, outputs[k], 500), options);
            Assert.That(report.Findings, Is.Empty);
        });
        float[] first = gpu.Download<float>(outputs[0], x.Length);
        Assert.That(outputs.Select(o => gpu.Download<float>(o, x.Length)), Is.All.EqualTo(first));
    }

    private static float[] Floats(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 4) - 2)];
}
