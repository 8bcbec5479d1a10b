namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Calls that cannot be expanded in place: functions that call themselves, and functions called by address.</summary>
internal sealed class CallTests : CudaFixture
{
    internal const string Recursion = """
        __device__ __noinline__ int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
        __device__ __noinline__ int ackermann(int m, int n)
        {
            if (m == 0) return n + 1;
            if (n == 0) return ackermann(m - 1, 1);
            return ackermann(m - 1, ackermann(m, n - 1));
        }
        __device__ __noinline__ bool is_odd(int n);
        __device__ __noinline__ bool is_even(int n) { return n == 0 ? true : is_odd(n - 1); }
        __device__ __noinline__ bool is_odd(int n) { return n == 0 ? false : is_even(n - 1); }
        __device__ __noinline__ int depth(int n, const int* above)
        {
            int here[4] = { n, above ? above[n & 3] : 0, n * 2, n * 3 };
            if (n <= 0) return here[1];
            int below = depth(n - 1, here);
            return below + here[(n + 1) & 3];
        }
        extern "C" __global__ void k(const int* n, int* out)
        {
            int i = threadIdx.x + blockIdx.x * blockDim.x, v = n[i];
            int sum = 7 * v;
            if (v & 1) sum += fib(v); else sum += ackermann(2, v & 3) * 1000;
            out[2 * i] = sum + (is_even(v) ? 1 << 20 : 0);
            out[2 * i + 1] = depth(v, 0);
        }
        """;

    private static IEnumerable<LaunchOptions> Ways()
    {
        foreach (bool checks in new[] { false, true })
        {
            yield return new LaunchOptions { Checks = checks, Counters = checks };
            for (ulong seed = 1; seed <= 3; seed++)
            {
                yield return new LaunchOptions { Checks = checks, Schedule = Schedule.Random, Seed = seed };
                yield return new LaunchOptions { Checks = checks, Schedule = Schedule.Adversarial, Seed = seed };
            }
        }

        yield return new LaunchOptions { Threads = 2 };
    }

    private static int Fib(int n) => n < 2 ? n : Fib(n - 1) + Fib(n - 2);

    private static int Ackermann(int m, int n) => m == 0 ? n + 1 : Ackermann(m - 1, n == 0 ? 1 : Ackermann(m, n - 1));

    private static int Depth(int n, int[]? above)
    {
        int[] here = [n, above is null ? 0 : above[n & 3], n * 2, n * 3];
        return n <= 0 ? here[1] : Depth(n - 1, here) + here[(n + 1) & 3];
    }

    [Test]
    public void Functions_that_call_themselves([ValueSource(nameof(Ways))] LaunchOptions way)
    {
        using Gpu gpu = Gpu.FromCuda(Recursion);
        int[] n = [.. Enumerable.Range(0, 128).Select(k => k * 5 % 14)];
        ulong result = gpu.Allocate<int>(256);
        gpu.Options = way;
        LaunchReport report = gpu.Launch("k", 2, 64, gpu.Upload(n), result);
        int[] expected = [.. n.SelectMany(v => (int[])
            [(7 * v) + (v % 2 == 1 ? Fib(v) : Ackermann(2, v & 3) * 1000) + (v % 2 == 0 ? 1 << 20 : 0), Depth(v, null)])];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(gpu.Download<int>(result, 256), Is.EqualTo(expected));
            Assert.That(report.Findings, Is.Empty);
        }
    }

    [Test]
    public void Functions_called_by_address([ValueSource(nameof(Ways))] LaunchOptions way)
    {
        using Gpu gpu = Gpu.FromCuda("""
            typedef float (*Op)(float, float);
            __device__ __noinline__ float add(float a, float b) { return a + b; }
            __device__ __noinline__ float mul(float a, float b) { return a * b; }
            __device__ __noinline__ float repeat(float a, float b) { float s = 0; for (int i = 0; i < (int)a; i++) s += b; return s; }
            __device__ Op table[3] = { add, mul, repeat };
            struct Shape { __device__ virtual float area(float x) = 0; };
            struct Square : Shape { __device__ float area(float x) { return x * x; } };
            struct Strip : Shape { float width; __device__ float area(float x) { return width * x; } };
            extern "C" __global__ void k(const int* which, float* out)
            {
                int i = threadIdx.x + blockIdx.x * blockDim.x;
                float before = i * 0.5f;
                float r = table[which[i]](i, 3.0f);
                Op chosen = which[i] & 1 ? add : mul;
                r += chosen(2.0f, i);
                Square square; Strip strip; strip.width = 5;
                Shape* shape = which[i] == 2 ? (Shape*)&square : (Shape*)&strip;
                out[i] = r + before + shape->area(i);
            }
            """);
        int[] which = [.. Enumerable.Range(0, 128).Select(k => k * 7 % 3)];
        ulong result = gpu.Allocate<float>(128);
        gpu.Options = way;
        LaunchReport report = gpu.Launch("k", 2, 64, gpu.Upload(which), result);
        float Expected(int i) => (which[i] == 0 ? i + 3 : i * 3) + (which[i] == 1 ? 2 + i : 2 * i) + (i * 0.5f) + (which[i] == 2 ? i * i : 5 * i);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(gpu.Download<float>(result, 128), Is.EqualTo(Enumerable.Range(0, 128).Select(Expected)));
            Assert.That(report.Findings, Is.Empty);
        }
    }

    [Test]
    public void Lanes_may_synchronise_and_leave_inside_a_call([Values] Schedule schedule, [Values(1ul, 2ul, 3ul, 4ul)] ulong seed)
    {
        using Gpu gpu = Gpu.FromCuda("""
            __device__ __noinline__ int sum(int level, int* out)
            {
                if (level == 0) { if (threadIdx.x == 5) { out[5] = -5; asm volatile("exit;"); } return threadIdx.x; }
                __syncwarp(0xffffffff);
                int other = sum(level - 1, out);
                __syncthreads();
                return other + __shfl_xor_sync(0xffffffff, level * threadIdx.x, 2);
            }
            extern "C" __global__ void k(int* out, int levels) { int s = sum(levels, out); out[threadIdx.x] = s; }
            """);
        ulong result = gpu.Allocate<int>(64);
        gpu.Options = new LaunchOptions { Schedule = schedule, Seed = seed };
        gpu.Launch("k", 1, 64, result, 3);
        int[] actual = gpu.Download<int>(result, 64);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(actual[5], Is.EqualTo(-5));

            // Lane 7's partner has left: what it receives is undefined.
            for (int t = 0; t < 64; t++)
            {
                if (t is not (5 or 7))
                    Assert.That(actual[t], Is.EqualTo(t + ((t ^ 2) * 6)), $"thread {t}");
            }
        }
    }

    [Test]
    public void Recursion_without_end_overflows_the_stack([Values] Schedule schedule, [Values] bool checks)
    {
        using Gpu gpu = Gpu.FromCuda("""
            __device__ __noinline__ int deeper(int n) { return n == -1 ? 0 : 1 + deeper(n + 1) * 3; }
            extern "C" __global__ void k(int* out) { out[threadIdx.x] = deeper(threadIdx.x == 7 ? 0 : -1); }
            """);
        ulong result = gpu.Allocate<int>(32);
        gpu.Options = new LaunchOptions { Schedule = schedule, Checks = checks };
        DeviceFault fault = Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 32, result))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fault.Kind, Is.EqualTo(DeviceFaultKind.StackOverflow));
            Assert.That(fault.Finding!.Lane, Is.EqualTo(7));
            Assert.That(fault.Message, Does.Contain("deeper").And.Contain("16384 bytes"));
        }

        // A larger stack carries the same depth that a small one does not.
        gpu.Options = new LaunchOptions { StackBytes = 1 << 20 };
        Assert.That(Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 32, result)).Message, Does.Contain("1048576 bytes"));
    }

    [Test]
    public void A_pointer_to_no_function_is_named()
    {
        using Gpu gpu = Gpu.FromCuda("""
            typedef int (*Op)(int);
            __device__ __noinline__ int one(int a) { return a + 1; }
            __device__ Op table[2] = { one, 0 };
            extern "C" __global__ void k(int* out) { out[threadIdx.x] = table[threadIdx.x == 9](1); }
            """);
        DeviceFault fault = Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 32, gpu.Allocate<int>(32)))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fault.Kind, Is.EqualTo(DeviceFaultKind.IllegalAddress));
            Assert.That(fault.Message, Does.Contain("calls 0x0, which is no function"));
            Assert.That(fault.Finding!.Lane, Is.EqualTo(9));
        }
    }

    [Test]
    public void A_function_of_another_signature_is_not_called()
    {
        using Gpu gpu = Gpu.FromPtx("""
            .version 8.0
            .target sm_80
            .address_size 64
            .func (.param .b32 r) narrow(.param .b32 a) { .reg .b32 %x; ld.param.b32 %x, [a]; st.param.b32 [r], %x; ret; }
            .entry k()
            {
                .reg .b64 %f; .param .b32 result; .param .b64 wide;
                mov.u64 %f, narrow;
                p: .callprototype (.param .b32 _) _ (.param .b64 _);
                call (result), %f, (wide), p;
                ret;
            }
            """);
        DeviceFault fault = Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 32))!;
        Assert.That(fault.Message, Does.Contain("'narrow' has other parameters"));
    }
}
