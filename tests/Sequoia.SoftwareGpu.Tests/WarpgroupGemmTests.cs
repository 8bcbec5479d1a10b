namespace Sequoia.SoftwareGpu.Tests;

/// <summary>A half-precision GEMM as kernels for Hopper are written: a warp that issues bulk copies into a ring, and a warpgroup that multiplies.</summary>
internal sealed class WarpgroupGemmTests : CudaFixture
{
    // C (64 x 8, f32) = A (64 x 64 n) B (64 n x 8), both in swizzled blocks of 64 columns of k; one CTA.
    private const string Source = AsyncProxyBugs.Prelude + """
        #define SWIZZLED(p) ((u64)(AT(p) >> 4 & 0x3FFF) | (u64)1 << 16 | (u64)64 << 32 | (u64)1 << 62)
        constexpr int STAGES = 3, A_BYTES = 8192, B_BYTES = 1024;
        extern "C" __global__ void gemm(const char* a, const char* b, float* c, int n)
        {
            extern __shared__ __align__(1024) char ring[];
            __shared__ u64 full[STAGES], empty[STAGES];
            int t = threadIdx.x;
            if (t == 0)
            {
                for (int i = 0; i < STAGES; i++)
                {
                    INIT(full + i, 1);
                    INIT(empty + i, 4);
                }
                FENCE_INIT();
            }
            __syncthreads();
            if (t >= 128)
            {
                for (int i = 0; i < n && t == 128; i++)
                {
                    int stage = i % STAGES;
                    char* to = ring + stage * (A_BYTES + B_BYTES);
                    WAIT(empty + stage, i / STAGES + 1 & 1);
                    EXPECT(full + stage, A_BYTES + B_BYTES);
                    COPY(to, a + i * A_BYTES, A_BYTES, full + stage);
                    COPY(to + A_BYTES, b + i * B_BYTES, B_BYTES, full + stage);
                }
                return;
            }
            float d[4] = {};
            for (int i = 0; i < n; i++)
            {
                int stage = i % STAGES;
                char* at = ring + stage * (A_BYTES + B_BYTES);
                WAIT(full + stage, i / STAGES & 1);
                KEEP(d);
                WGMMA_FENCE();
                for (int k = 0; k < 64; k += 16)
                    asm volatile("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%0, %1, %2, %3}, %4, %5, 1, 1, 1, 0, 0;"
                        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "l"(SWIZZLED(at + 2 * k)), "l"(SWIZZLED(at + A_BYTES + 2 * k)) : "memory");
                WGMMA_COMMIT();
                // The product before this one is complete, and its stage free.
                asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
                if (i > 0 && t % 32 == 0) ARRIVE(empty + (i - 1) % STAGES);
            }
            WGMMA_WAIT();
            KEEP(d);
            for (int i = 0; i < 4; i++)
                c[(t / 32 * 16 + t % 32 / 4 + i / 2 * 8) * 8 + t % 4 * 2 + i % 2] = d[i];
        }
        """;

    private const int Rows = 64, Columns = 8, Block = 64, Blocks = 7;

    [Test]
    public void Equals_the_chain_of_fused_multiply_adds([Values] Schedule schedule, [Values] bool checks)
    {
        Random random = new(6);
        Half[,] a = Matrix(random, Rows), b = Matrix(random, Columns);
        using Gpu gpu = Gpu.FromCuda(Source, "compute_90a");
        ulong result = gpu.Allocate<float>(Rows * Columns), left = gpu.Upload(Swizzled(a)), right = gpu.Upload(Swizzled(b));
        for (ulong seed = 0; seed < 10; seed++)
        {
            gpu.Options = new LaunchOptions { Checks = checks, Schedule = schedule, Seed = seed };
            LaunchReport report = gpu.Launch("gemm", (1, 1, 1), (160, 1, 1), 3 * 9216, left, right, result, Blocks);
            Assert.That(report.Findings, Is.Empty);
            float[] c = gpu.Download<float>(result, Rows * Columns);
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < Columns; column++)
                {
                    float sum = 0;
                    for (int k = 0; k < Block * Blocks; k++)
                        sum = MathF.FusedMultiplyAdd((float)a[row, k], (float)b[column, k], sum);
                    Assert.That(c[(row * Columns) + column], Is.EqualTo(sum), $"({row}, {column})");
                }
            }
        }
    }

    private static Half[,] Matrix(Random random, int rows)
    {
        Half[,] matrix = new Half[rows, Block * Blocks];
        for (int k = 0; k < matrix.Length; k++)
            matrix[k / (Block * Blocks), k % (Block * Blocks)] = (Half)(random.NextSingle() - 0.5f);
        return matrix;
    }

    /// <summary>Blocks of 64 columns, whose chunks of eight are exchanged by the row in its group of eight.</summary>
    private static Half[] Swizzled(Half[,] matrix)
    {
        int rows = matrix.GetLength(0);
        Half[] blocks = new Half[matrix.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int k = 0; k < Block * Blocks; k++)
                blocks[(k / Block * rows * Block) + (row * Block) + (8 * ((k % Block / 8) ^ (row % 8))) + (k % 8)] = matrix[row, k];
        }

        return blocks;
    }
}
