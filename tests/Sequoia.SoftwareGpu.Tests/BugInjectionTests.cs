namespace Sequoia.SoftwareGpu.Tests;

/// <summary>
/// Each kernel has one bug behind <c>#ifdef BUG</c>. With it, the bug is found at the line marked HERE; without it,
/// the same kernel is clean under many random schedules.
/// </summary>
internal sealed class BugInjectionTests : CudaFixture
{
    private const int Schedules = 100;

    public sealed record Bug(string Name, FindingKind Kind, string Source, int Threads = 128, int Blocks = 2, int Shared = 0, string Architecture = "compute_80")
    {
        public override string ToString() => Name;
    }

    private const string AsyncCopy = """
        __device__ void copy16(float* to, const float* from)
        {
            asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"((unsigned)__cvta_generic_to_shared(to)), "l"(from));
        }
        """;

    private static readonly Bug[] Bugs =
    [
        new("Out_of_bounds_global", FindingKind.OutOfBounds, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                int i = blockIdx.x * blockDim.x + threadIdx.x;
            #ifdef BUG
                if (i <= n) out[i] = in[i] * 2; // HERE
            #else
                if (i < n) out[i] = in[i] * 2;
            #endif
            }
            """, 128, 3),
        new("Out_of_bounds_shared", FindingKind.OutOfBounds, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                extern __shared__ float s[];
            #ifdef BUG
                s[threadIdx.x + n / 256] = in[threadIdx.x]; // HERE
            #else
                s[threadIdx.x] = in[threadIdx.x];
            #endif
                out[blockIdx.x * blockDim.x + threadIdx.x] = s[threadIdx.x];
            }
            """, 128, 2, 512),
        new("Misaligned_vector_access", FindingKind.Misaligned, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                int i = threadIdx.x % 16;
            #ifdef BUG
                float4 v = *(const float4*)(in + i * 4 + 1); // HERE
            #else
                float4 v = *(const float4*)(in + i * 4);
            #endif
                out[blockIdx.x * blockDim.x + threadIdx.x] = v.x + v.w;
            }
            """),
        new("Missing_barrier_after_write", FindingKind.SharedRace, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                __shared__ float s[128];
                s[threadIdx.x] = in[threadIdx.x];
            #ifndef BUG
                __syncthreads();
            #endif
                out[blockIdx.x * blockDim.x + threadIdx.x] = s[127 - threadIdx.x]; // HERE
            }
            """),
        new("Missing_barrier_in_a_loop", FindingKind.SharedRace, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                __shared__ float s[128];
                float sum = 0;
                for (int r = 0; r < 4; r++)
                {
                    s[threadIdx.x] = in[r + threadIdx.x]; // HERE
                    __syncthreads();
                    sum += s[(threadIdx.x + 32 * r) % 128];
            #ifndef BUG
                    __syncthreads();
            #endif
                }
                out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
            }
            """),
        new("Divergent_barrier", FindingKind.DivergentBarrier, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                __shared__ float s[128];
                s[threadIdx.x] = in[threadIdx.x];
            #ifdef BUG
                if (threadIdx.x < n / 3)
            #endif
                    __syncthreads(); // HERE
                out[blockIdx.x * blockDim.x + threadIdx.x] = s[threadIdx.x ^ 1];
            }
            """),
        new("Uninitialised_shared", FindingKind.UninitializedShared, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                __shared__ float s[128];
            #ifdef BUG
                if (threadIdx.x != 77)
            #endif
                    s[threadIdx.x] = in[threadIdx.x];
                __syncthreads();
                out[blockIdx.x * blockDim.x + threadIdx.x] = s[127 - threadIdx.x]; // HERE
            }
            """),
        new("Missing_wait_for_an_asynchronous_copy", FindingKind.PendingAsyncCopy, AsyncCopy + """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                __shared__ __align__(16) float s[512];
                copy16(s + 4 * threadIdx.x, in + 4 * threadIdx.x);
                asm volatile("cp.async.commit_group;");
            #ifdef BUG
                asm volatile("cp.async.wait_group 1;");
            #else
                asm volatile("cp.async.wait_group 0;");
            #endif
                __syncthreads();
                out[blockIdx.x * blockDim.x + threadIdx.x] = s[511 - threadIdx.x]; // HERE
            }
            """),
        new("Missing_barrier_after_an_asynchronous_copy", FindingKind.SharedRace, AsyncCopy + """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                __shared__ __align__(16) float s[512];
                copy16(s + 4 * threadIdx.x, in + 4 * threadIdx.x);
                asm volatile("cp.async.wait_all;");
            #ifndef BUG
                __syncthreads();
            #endif
                out[blockIdx.x * blockDim.x + threadIdx.x] = s[threadIdx.x]; // HERE
            }
            """),
        new("Shuffle_that_names_inactive_lanes", FindingKind.InactiveLanes, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                float v = in[threadIdx.x];
            #ifdef BUG
                if ((threadIdx.x & 31) < n / 20)
            #endif
                    v += __shfl_xor_sync(0xffffffffu, v, 1); // HERE
                out[blockIdx.x * blockDim.x + threadIdx.x] = v;
            }
            """),
        new("Barriers_that_do_not_match", FindingKind.Deadlock, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                int other = threadIdx.x < 64 ? 1 : 2;
            #ifdef BUG
                if (threadIdx.x < 32) other = 2;
            #endif
                asm volatile("bar.sync %0, 64;" :: "r"(other) : "memory"); // HERE
                out[blockIdx.x * blockDim.x + threadIdx.x] = in[threadIdx.x];
            }
            """),
        new("Barriers_with_different_counts", FindingKind.MismatchedBarrier, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                int count = 128;
            #ifdef BUG
                if (threadIdx.x >= 96) count = 96;
            #endif
                asm volatile("bar.sync 1, %0;" :: "r"(count) : "memory"); // HERE
                out[blockIdx.x * blockDim.x + threadIdx.x] = in[threadIdx.x];
            }
            """),
        new("Uninitialised_global", FindingKind.UninitializedGlobal, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                int i = blockIdx.x * blockDim.x + threadIdx.x;
            #ifndef BUG
                out[i] = in[threadIdx.x];
            #endif
                out[i] += 1; // HERE
            }
            """),
        new("Race_between_blocks", FindingKind.GlobalRace, """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                int i = blockIdx.x * blockDim.x + threadIdx.x;
            #ifdef BUG
                out[(i * 7) % 200] = in[threadIdx.x]; // HERE
            #else
                out[i] = in[threadIdx.x];
            #endif
            }
            """),
        new("Arrival_without_release", FindingKind.GlobalRace, """
            __device__ unsigned arrived;
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                __shared__ bool last;
                int i = blockIdx.x * blockDim.x + threadIdx.x;
                out[i] = in[threadIdx.x];
                __syncthreads();
                if (threadIdx.x == 0)
                {
                    unsigned before;
            #ifdef BUG
                    asm volatile("atom.relaxed.gpu.global.inc.u32 %0, [%1], 1;" : "=r"(before) : "l"(&arrived) : "memory");
            #else
                    asm volatile("atom.acq_rel.gpu.global.inc.u32 %0, [%1], 1;" : "=r"(before) : "l"(&arrived) : "memory");
            #endif
                    last = before == 1;
                }
                __syncthreads();
                if (last)
                    out[i] += out[(i + 128) % 256]; // HERE
            }
            """),
        new("Asynchronous_copies_synchronise_nothing", FindingKind.GlobalRace, AsyncCopy + """
            extern "C" __global__ void k(const float* in, float* out, int n)
            {
                __shared__ float4 s;
                int i = blockIdx.x * blockDim.x + threadIdx.x;
                out[i] = in[threadIdx.x];
                __threadfence();
                if (threadIdx.x == 0)
                    copy16(&s.x, in);
                asm volatile("cp.async.wait_all;" ::: "memory");
                __syncthreads();
            #ifdef BUG
                out[i] += out[i % 128]; // HERE
            #else
                out[i] += s.x;
            #endif
            }
            """),
        .. AsyncProxyBugs.All,
    ];

    [TestCaseSource(nameof(Bugs))]
    public void Is_found_and_located(Bug bug)
    {
        using Gpu gpu = Gpu.FromCuda(bug.Source, bug.Architecture, "-DBUG");
        gpu.Options = new LaunchOptions { Checks = true };
        IReadOnlyList<Finding> findings = Run(gpu, bug);
        int line = Array.FindIndex(bug.Source.Split('\n'), l => l.Contains("HERE", StringComparison.Ordinal)) + 1;
        Finding? found = findings.FirstOrDefault(f => f.Kind == bug.Kind && f.FileLine == line);
        Assert.That(found, Is.Not.Null, $"line {line} is expected:\n{string.Join('\n', findings)}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(found!.File, Does.EndWith("kernel.cu"));
            Assert.That(found.Kernel, Is.EqualTo("k"));
            Assert.That(found.Instruction, Is.Not.Empty);
        }
    }

    [TestCaseSource(nameof(Bugs))]
    public void Without_it_nothing_is_found(Bug bug)
    {
        using Gpu gpu = Gpu.FromCuda(bug.Source, bug.Architecture);
        for (int seed = 0; seed < Schedules; seed++)
        {
            Schedule schedule = seed == 0 ? Schedule.InOrder : seed % 2 == 0 ? Schedule.Random : Schedule.Adversarial;
            gpu.Options = new LaunchOptions { Checks = true, Schedule = schedule, Seed = (ulong)seed };
            Assert.That(Run(gpu, bug), Is.Empty, $"{schedule}, seed {seed}");
        }
    }

    [Test]
    public void Use_after_free_names_the_allocation()
    {
        using Gpu gpu = Gpu.FromCuda(BasicKernels.VectorAdd);
        ulong a = gpu.Upload(new float[64]), b = gpu.Upload(new float[64]), c = gpu.Allocate<float>(64);
        gpu.Memory.Free(b);
        DeviceFault fault = Assert.Throws<DeviceFault>(() => gpu.Launch("add", 1, 64, a, b, c, 64))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fault.Kind, Is.EqualTo(DeviceFaultKind.IllegalAddress));
            Assert.That(fault.Finding!.Kind, Is.EqualTo(FindingKind.UseAfterFree));
            Assert.That(fault.Message, Does.Contain("offset 0 of allocation 2 (256 bytes), which was freed"));
            Assert.That(fault.Finding.FileLine, Is.EqualTo(4));
        }
    }

    [Test]
    public void The_thread_at_fault_is_named()
    {
        using Gpu gpu = Gpu.FromCuda(BasicKernels.VectorAdd);
        ulong a = gpu.Upload(new float[70]), b = gpu.Upload(new float[100]), c = gpu.Allocate<float>(100);
        DeviceFault fault = Assert.Throws<DeviceFault>(() => gpu.Launch("add", 2, 64, a, b, c, 100))!;
        Finding place = fault.Finding!;
        Assert.That((place.Block.X, place.Warp, place.Lane), Is.EqualTo((1u, 0, 6)), fault.Message);
    }

    private static IReadOnlyList<Finding> Run(Gpu gpu, Bug bug)
    {
        int n = bug.Threads * 2;
        ulong input = gpu.Upload(Enumerable.Range(0, 512).Select(k => (float)k).ToArray());
        ulong output = gpu.Allocate<float>(bug.Blocks * bug.Threads);
        if (bug.Name.StartsWith("Out_of_bounds_global", StringComparison.Ordinal))
        {
            gpu.Memory.Free(output);
            output = gpu.Allocate<float>(n);
        }

        try
        {
            return gpu.Launch("k", ((uint)bug.Blocks, 1, 1), ((uint)bug.Threads, 1, 1), bug.Shared, input, output, n).Findings;
        }
        catch (DeviceFault fault)
        {
            return fault.Report!.Findings;
        }
        finally
        {
            gpu.Memory.Free(input);
            gpu.Memory.Free(output);
        }
    }
}
