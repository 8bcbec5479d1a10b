namespace Sequoia.SoftwareGpu.Tests;

/// <summary>A half-precision GEMM as tensor-core kernels are written: cp.async double buffering, ldmatrix, mma.</summary>
internal sealed class TensorGemmTests : CudaFixture
{
    private const string Source = """
        __device__ void copy16(unsigned to, const void* from, int bytes)
        {
            asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" :: "r"(to), "l"(from), "r"(bytes));
        }

        // C (m x n, f32) = A (m x k, f16, rows) B (k x n, f16, rows); tiles of 64 x 64 x 32, four warps.
        extern "C" __global__ void gemm(const unsigned short* a, const unsigned short* b, float* c, int m, int n, int k)
        {
            __shared__ __align__(16) unsigned short As[2][64][40];
            __shared__ __align__(16) unsigned short Bs[2][32][72];
            int t = threadIdx.x, warp = t / 32, lane = t % 32;
            int row0 = blockIdx.y * 64, col0 = blockIdx.x * 64;
            float acc[8][4] = {};
            int tiles = (k + 31) / 32;
            auto load = [&](int tile, int stage)
            {
                for (int i = t; i < 256; i += 128)
                {
                    int r = i / 4, q = (i % 4) * 8, kk = tile * 32 + q;
                    bool inside = row0 + r < m && kk < k;
                    copy16((unsigned)__cvta_generic_to_shared(&As[stage][r][q]), inside ? a + (row0 + r) * k + kk : a, inside ? 16 : 0);
                }
                for (int i = t; i < 256; i += 128)
                {
                    int r = i / 8, q = (i % 8) * 8, kk = tile * 32 + r;
                    bool inside = kk < k && col0 + q < n;
                    copy16((unsigned)__cvta_generic_to_shared(&Bs[stage][r][q]), inside ? b + kk * n + col0 + q : b, inside ? 16 : 0);
                }
                asm volatile("cp.async.commit_group;");
            };
            load(0, 0);
            for (int tile = 0; tile < tiles; tile++)
            {
                if (tile + 1 < tiles) { load(tile + 1, (tile + 1) & 1); asm volatile("cp.async.wait_group 1;"); }
                else asm volatile("cp.async.wait_group 0;");
                __syncthreads();
                int s = tile & 1;
                for (int kk = 0; kk < 32; kk += 16)
                {
                    unsigned x[4];
                    unsigned at = (unsigned)__cvta_generic_to_shared(&As[s][warp * 16 + lane % 16][kk + lane / 16 * 8]);
                    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]) : "r"(at));
                    for (int j = 0; j < 8; j++)
                    {
                        unsigned y[2];
                        unsigned bt = (unsigned)__cvta_generic_to_shared(&Bs[s][kk + lane % 16][j * 8]);
                        asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(y[0]), "=r"(y[1]) : "r"(bt));
                        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                            : "+f"(acc[j][0]), "+f"(acc[j][1]), "+f"(acc[j][2]), "+f"(acc[j][3]) : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
                    }
                }
        #ifndef NO_BARRIER
                __syncthreads();
        #endif
            }
            for (int j = 0; j < 8; j++)
                for (int i = 0; i < 4; i++)
                {
                    int row = row0 + warp * 16 + lane / 4 + i / 2 * 8, column = col0 + j * 8 + lane % 4 * 2 + i % 2;
                    if (row < m && column < n) c[row * n + column] = acc[j][i];
                }
        }
        """;

    private const int M = 100, N = 72, K = 88;

    [Test]
    public void Equals_the_chain_of_fused_multiply_adds([Values] Schedule schedule)
    {
        using Gpu gpu = Gpu.FromCuda(Source);
        gpu.Options = new LaunchOptions { Checks = true, Schedule = schedule, Seed = 9 };
        (float[] a, float[] b, float[] c, LaunchReport report) = Run(gpu);
        Assert.That(report.Findings, Is.Empty);
        for (int row = 0; row < M; row++)
        {
            for (int column = 0; column < N; column++)
            {
                float sum = 0;
                for (int k = 0; k < K; k++)
                    sum = MathF.FusedMultiplyAdd(a[(row * K) + k], b[(k * N) + column], sum);
                Assert.That(c[(row * N) + column], Is.EqualTo(sum), $"({row}, {column})");
            }
        }
    }

    [Test]
    public void Without_its_last_barrier_it_races()
    {
        using Gpu gpu = Gpu.FromCuda(Source, "compute_80", "-DNO_BARRIER");
        gpu.Options = new LaunchOptions { Checks = true };
        Assert.That(Run(gpu).Report.Findings.Select(f => f.Kind), Does.Contain(FindingKind.SharedRace));
    }

    private static (float[] A, float[] B, float[] C, LaunchReport Report) Run(Gpu gpu)
    {
        Random random = new(4);
        Half[] a = [.. Enumerable.Range(0, M * K).Select(_ => (Half)(random.NextSingle() - 0.5f))];
        Half[] b = [.. Enumerable.Range(0, K * N).Select(_ => (Half)(random.NextSingle() - 0.5f))];
        ulong result = gpu.Allocate<float>(M * N);
        LaunchReport report = gpu.Launch("gemm", ((N + 63) / 64, (M + 63) / 64, 1), (128, 1, 1), 0, gpu.Upload(a), gpu.Upload(b), result, M, N, K);
        return ([.. a.Select(v => (float)v)], [.. b.Select(v => (float)v)], gpu.Download<float>(result, M * N), report);
    }
}
