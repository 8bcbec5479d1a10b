namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Kernels without races and without floating-point atomics: the same bits on any number of threads, in every schedule, for every seed.</summary>
internal sealed class DeterminismTests : CudaFixture
{
    private const int Seeds = 20;

    private static IEnumerable<LaunchOptions> Ways()
    {
        yield return new LaunchOptions { Threads = 2 };
        yield return new LaunchOptions { Checks = true, Counters = true };
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            yield return new LaunchOptions { Schedule = Schedule.Random, Seed = seed };
            yield return new LaunchOptions { Schedule = Schedule.Adversarial, Seed = seed };
            yield return new LaunchOptions { Schedule = Schedule.Adversarial, Seed = seed, Checks = true };
        }
    }

    private static void SameInAllWays(Gpu gpu, ulong result, int words, Action launch)
    {
        uint[]? first = null;
        foreach (LaunchOptions way in Ways().Prepend(LaunchOptions.Default))
        {
            gpu.Memory.Write(result, new byte[words * 4]);
            gpu.Options = way;
            launch();
            uint[] bits = gpu.Download<uint>(result, words);
            first ??= bits;
            Assert.That(bits, Is.EqualTo(first), way.ToString());
        }

        Assert.That(first, Has.Some.Not.Zero);
    }

    private static float[] Floats(int count) => [.. Enumerable.Range(0, count).Select(k => ((k * 7919 % 1000) / 250f) - 2)];

    [Test]
    public void Softmax()
    {
        using Gpu gpu = Gpu.FromCuda(BasicKernels.Softmax);
        const int rows = 7, columns = 100;
        ulong x = gpu.Upload(Floats(rows * columns)), y = gpu.Allocate<float>(rows * columns);
        SameInAllWays(gpu, y, rows * columns, () => gpu.Launch("softmax", rows, 64, x, y, columns));
    }

    [Test]
    public void Gemm()
    {
        using Gpu gpu = Gpu.FromCuda(BasicKernels.TiledGemm);
        const int m = 64, n = 128, k = 32;
        ulong a = gpu.Upload(Floats(m * k)), b = gpu.Upload(Floats(k * n)), c = gpu.Allocate<float>(m * n);
        SameInAllWays(gpu, c, m * n, () => gpu.Launch("gemm", (n / 64, m / 64, 1), (256, 1, 1), 0, a, b, c, m, n, k));
    }

    /// <summary>The shape of attention: scores by mma, their row maxima and sums by shuffles, the weighted sum by mma again.</summary>
    [Test]
    public void Two_products_with_a_softmax_between()
    {
        using Gpu gpu = Gpu.FromCuda("""
            __device__ unsigned pack(float lo, float hi) { unsigned r; asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo)); return r; }
            __device__ void product(float* d, const unsigned* a, const unsigned* b)
            {
                asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                    : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
            }
            extern "C" __global__ void attend(const float* q, const float* k, float* out)
            {
                __shared__ float rows[4][16];
                int lane = threadIdx.x % 32, warp = threadIdx.x / 32, at = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
                unsigned a[4], b[4];
                for (int i = 0; i < 4; i++) { a[i] = pack(q[at + i], q[at + i] * 0.5f); b[i] = pack(k[at + i], k[at + i] - 1); }
                float s[2][4] = {};
                product(s[0], a, b); product(s[1], a, b + 2);
                for (int r = 0; r < 2; r++)
                {
                    float m = fmaxf(fmaxf(s[0][2 * r], s[0][2 * r + 1]), fmaxf(s[1][2 * r], s[1][2 * r + 1])), sum = 0;
                    for (int o = 1; o < 4; o *= 2) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
                    for (int j = 0; j < 2; j++) for (int c = 0; c < 2; c++) sum += s[j][2 * r + c] = exp2f(s[j][2 * r + c] - m);
                    for (int o = 1; o < 4; o *= 2) sum += __shfl_xor_sync(~0u, sum, o);
                    if (lane % 4 == 0) rows[warp][lane / 4 + 8 * r] = sum;
                }
                __syncthreads();
                unsigned p[4] = { pack(s[0][0], s[0][1]), pack(s[0][2], s[0][3]), pack(s[1][0], s[1][1]), pack(s[1][2], s[1][3]) };
                float d[4] = {};
                product(d, p, b);
                for (int i = 0; i < 4; i++) out[at + i] = d[i] / rows[(warp + 1) % 4][lane / 4 + 8 * (i / 2)];
            }
            """);
        const int count = 3 * 128 * 4;
        ulong q = gpu.Upload(Floats(count)), k = gpu.Upload(Floats(count)), result = gpu.Allocate<float>(count);
        SameInAllWays(gpu, result, count, () => gpu.Launch("attend", 3, 128, q, k, result));
    }
}
