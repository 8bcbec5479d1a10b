namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Kernels that stop, print, or never end.</summary>
internal sealed class StopTests : CudaFixture
{
    [Test]
    public void Trap_is_a_fault()
    {
        using Gpu gpu = Gpu.FromCuda("""extern "C" __global__ void k(int n) { if (threadIdx.x == n) asm volatile("trap;"); }""");
        gpu.Launch("k", 1, 64, 64);
        DeviceFault fault = Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 64, 33))!;
        Assert.That((fault.Kind, fault.Finding!.Warp, fault.Finding.Lane), Is.EqualTo((DeviceFaultKind.Trap, 1, 1)));
    }

    [Test]
    public void A_kernel_that_never_ends_hits_its_budget([Values] Schedule schedule)
    {
        using Gpu gpu = Gpu.FromCuda("""extern "C" __global__ void k(volatile int* flag) { while (*flag == 0) { } }""");
        ulong flag = gpu.Upload(new int[1]);
        gpu.Options = new LaunchOptions { InstructionBudget = 100_000, Schedule = schedule };
        DeviceFault fault = Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 32, flag))!;
        Assert.That(fault.Kind, Is.EqualTo(DeviceFaultKind.InstructionBudgetExceeded));
    }

    [Test]
    public void Blocks_may_wait_for_each_other()
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __global__ void k(int* arrived, int* out)
            {
                if (threadIdx.x == 0)
                {
                    atomicAdd(arrived, 1);
                    while (*(volatile int*)arrived < gridDim.x) { }
                }
                __syncthreads();
                out[blockIdx.x] = 1;
            }
            """);
        ulong arrived = gpu.Upload(new int[1]), result = gpu.Allocate<int>(3);
        gpu.Launch("k", 3, 64, arrived, result);
        Assert.That(gpu.Download<int>(result, 3), Is.All.EqualTo(1));
    }

    [Test]
    public void Printf_formats_as_c_does()
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __device__ int printf(const char*, ...);
            extern "C" __global__ void k(int a, float f, long long l)
            {
                printf("%d|%5d|%-5u|%08.3f|%x|%lld|%s|%c|%e|%g|%%\n", a, a, 7u, f, 255, l, "text", 'z', f, 0.0001);
            }
            """);
        using StringWriter output = new();
        gpu.Options = new LaunchOptions { Output = output };
        gpu.Launch("k", 1, 1, -3, 2.5f, 1L << 40);
        Assert.That(output.ToString(), Is.EqualTo("-3|   -3|7    |0002.500|ff|1099511627776|text|z|2.500000e+00|0.0001|%\n"));
    }

    [Test]
    public void A_failed_assertion_is_quoted()
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __global__ void k(int n) { if (n != 3) __assertfail("n == 3", "kernel.cu", 2, "k", 1); }
            """);
        gpu.Launch("k", 1, 32, 3);
        DeviceFault fault = Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 32, 4))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fault.Kind, Is.EqualTo(DeviceFaultKind.Assert));
            Assert.That(fault.Message, Does.Contain("`n == 3` of k failed at kernel.cu:2"));
        }
    }

    [Test]
    public void Calls_and_local_arrays()
    {
        using Gpu gpu = Gpu.FromCuda("""
            __device__ __noinline__ float pick(float* values, int i, float scale) { if (i < 0) return -1; return values[i] * scale; }
            extern "C" __global__ void k(const int* order, float* out)
            {
                float local[32];
                for (int j = 0; j < 32; j++) local[j] = j * 10 + threadIdx.x;
                out[threadIdx.x] = pick(local, order[threadIdx.x], 2) + pick(local, order[31 - threadIdx.x], 3);
            }
            """);
        int[] order = [.. Enumerable.Range(0, 32).Select(k => k == 5 ? -1 : k * 7 % 32)];
        ulong result = gpu.Allocate<float>(32);
        gpu.Launch("k", 1, 32, gpu.Upload(order), result);
        float Pick(int thread, int i, float scale) => i < 0 ? -1 : ((i * 10) + thread) * scale;
        Assert.That(
            gpu.Download<float>(result, 32), Is.EqualTo(Enumerable.Range(0, 32).Select(t => Pick(t, order[t], 2) + Pick(t, order[31 - t], 3))));
    }

    [Test]
    public void Launches_over_the_limits_are_refused()
    {
        using Gpu gpu = Gpu.FromCuda("""extern "C" __global__ void k(int n) { }""");
        void Refused(Action launch) => Assert.That(Assert.Throws<DeviceFault>(launch).Kind, Is.EqualTo(DeviceFaultKind.InvalidLaunch));
        Kernel kernel = gpu.Kernels["k"];
        Refused(() => gpu.Launch("k", 1, 1025, 0));
        Refused(() => gpu.Launch("k", 0, 32, 0));
        Refused(() => gpu.Launch("k", (1, 65536, 1), (1, 1, 1), 0, 0));
        Refused(() => gpu.Launch("k", (1, 1, 1), (1, 1, 1), 300_000, 0));
        Refused(() => Launcher.Run(gpu.Memory, kernel, (1, 1, 1), (1, 1, 1), 0, new byte[3]));
    }
}
