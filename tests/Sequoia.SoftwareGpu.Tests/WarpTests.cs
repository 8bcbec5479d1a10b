namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Exchange between lanes, votes, barriers that reduce, atomics.</summary>
internal sealed class WarpTests : CudaFixture
{
    [Test]
    public void Shuffles_of_every_kind_and_width([Values(32, 16, 8, 2)] int width, [Values(0, 1, 3, 7, 31)] int distance)
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __global__ void k(int* out, int distance, int width)
            {
                int v = threadIdx.x * 100;
                out[threadIdx.x] = __shfl_up_sync(~0u, v, distance, width);
                out[threadIdx.x + 32] = __shfl_down_sync(~0u, v, distance, width);
                out[threadIdx.x + 64] = __shfl_xor_sync(~0u, v, distance, width);
                out[threadIdx.x + 96] = __shfl_sync(~0u, v, distance, width);
            }
            """);
        ulong result = gpu.Allocate<int>(128);
        gpu.Launch("k", 1, 32, result, distance, width);
        int[] values = gpu.Download<int>(result, 128);
        for (int lane = 0; lane < 32; lane++)
        {
            int first = lane / width * width, end = first + width;
            int Or(int source) => source >= first && source < end ? source : lane;
            Assert.That(values[lane], Is.EqualTo(100 * Or(lane - distance)), $"up, lane {lane}");
            Assert.That(values[lane + 32], Is.EqualTo(100 * Or(lane + distance)), $"down, lane {lane}");

            // xor may reach into earlier segments, but not into later ones.
            int xor = lane ^ distance;
            Assert.That(values[lane + 64], Is.EqualTo(100 * (xor < end ? xor : lane)), $"xor, lane {lane}");
            Assert.That(values[lane + 96], Is.EqualTo(100 * (first + (distance % width))), $"idx, lane {lane}");
        }
    }

    [Test]
    public void Votes_matches_and_reductions()
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __global__ void k(unsigned* out, int n)
            {
                int t = threadIdx.x; unsigned* o = out + t;
                o[0] = __ballot_sync(~0u, t % 3 == n);
                o[32] = __any_sync(~0u, t == 40) + 2 * __any_sync(~0u, t == 4) + 4 * __all_sync(~0u, t < 32) + 8 * __all_sync(~0u, t < 31);
                o[64] = __match_any_sync(~0u, t % 5);
                int same; o[96] = __match_all_sync(~0u, n, &same) + same;
                o[128] = __reduce_add_sync(~0u, t) + __reduce_max_sync(~0u, t * 2) + __reduce_min_sync(~0u, t - 7) + __reduce_xor_sync(~0u, (unsigned)t * 3);
                o[160] = 0;
                if (t & 1) o[160] = __activemask();
                o[192] = __syncthreads_count(t % 4 == 0) + 100 * __syncthreads_or(t == 9) + 1000 * __syncthreads_and(t < 31);
            }
            """);
        ulong result = gpu.Allocate<uint>(224);
        gpu.Launch("k", 1, 32, result, 1);
        uint[] v = gpu.Download<uint>(result, 224);
        uint Bits(Func<int, bool> f) => Enumerable.Range(0, 32).Aggregate(0u, (m, k) => f(k) ? m | (1u << k) : m);
        for (int t = 0; t < 32; t++)
        {
            using (Assert.EnterMultipleScope())
            {
                Assert.That(v[t], Is.EqualTo(Bits(k => k % 3 == 1)));
                Assert.That(v[t + 32], Is.EqualTo(6));
                Assert.That(v[t + 64], Is.EqualTo(Bits(k => k % 5 == t % 5)));
                Assert.That(v[t + 96], Is.Zero);
                Assert.That((int)v[t + 128], Is.EqualTo(496 + 62 - 7 + (int)Enumerable.Range(0, 32).Aggregate(0u, (m, k) => m ^ ((uint)k * 3))));
                Assert.That(v[t + 160], Is.EqualTo(t % 2 == 1 ? 0xAAAAAAAA : 0));
                Assert.That(v[t + 192], Is.EqualTo(108));
            }
        }
    }

    private const string AtomicKernel = """
        extern "C" __global__ void k(unsigned* u, int* s, unsigned long long* l, float* f, double* d)
        {
            __shared__ unsigned mine;
            int t = blockIdx.x * blockDim.x + threadIdx.x;
            if (threadIdx.x == 0) mine = 0;
            __syncthreads();
            atomicAdd(u, 1); atomicMax(u + 1, t); atomicMin(u + 2, t); atomicAnd(u + 3, ~(1u << (t % 32))); atomicOr(u + 4, 1u << (t % 32)); atomicXor(u + 5, t);
            atomicInc(u + 6, 9); atomicDec(u + 7, 6); atomicMax(s, t - 50); atomicMin(s + 1, 50 - t); atomicAdd(l, 1ull << 33); atomicAdd(f, 0.5f); atomicAdd(d, 0.25);
            unsigned old = u[8], seen;
            do { seen = old; old = atomicCAS(u + 8, seen, seen + 2); } while (old != seen);
            atomicExch(u + 9, 77);
            atomicAdd(&mine, 3);
            __syncthreads();
            if (threadIdx.x == 0) atomicAdd(u + 10, mine);
        }
        """;

    [Test]
    public void Atomics_with_one_and_two_threads([Values(1, 2)] int threads)
    {
        using Gpu gpu = Gpu.FromCuda(AtomicKernel);
        gpu.Options = new LaunchOptions { Threads = threads };
        ulong u = gpu.Upload<uint>([0, 0, 999, ~0u, 0, 0, 0, 0, 0, 0, 0]), s = gpu.Upload<int>([-100, 100]), l = gpu.Upload<ulong>([5]), f = gpu.Upload<float>([0]), d = gpu.Upload<double>([0]);
        const int n = 16 * 64;
        gpu.Launch("k", 16, 64, u, s, l, f, d);
        using (Assert.EnterMultipleScope())
        {
            uint xor = Enumerable.Range(0, n).Aggregate(0u, (m, k) => m ^ (uint)k);
            uint dec = Enumerable.Range(0, n).Aggregate(0u, (m, _) => m == 0 || m > 6 ? 6 : m - 1);
            Assert.That(gpu.Download<uint>(u, 11), Is.EqualTo(new uint[] { n, n - 1, 0, 0, ~0u, xor, n % 10, dec, 2 * n, 77, 3 * n }));
            Assert.That(gpu.Download<int>(s, 2), Is.EqualTo(new[] { n - 51, 51 - n }));
            Assert.That(gpu.Download<ulong>(l, 1)[0], Is.EqualTo(5 + (((ulong)n) << 33)));
            Assert.That(gpu.Download<float>(f, 1)[0], Is.EqualTo(n / 2f));
            Assert.That(gpu.Download<double>(d, 1)[0], Is.EqualTo(n / 4.0));
        }
    }

    /// <summary>Loops with continue, break and early return, and a switch with fall-through.</summary>
    [Test]
    public void Divergence_of_every_lane([Values] Schedule schedule)
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __global__ void k(const int* in, int* out, int n)
            {
                int t = threadIdx.x, v = in[t], sum = 0;
                for (int i = 0; i < v; i++)
                {
                    if ((i + t) % 3 == 0) continue;
                    for (int j = 0; j < t % 5; j++) { if (j * i > v) break; sum += j; if (sum > 500) { out[t] = -1; return; } }
                    if (i * t > 300) break;
                    switch ((v + i) % 6)
                    {
                        case 0: sum += 1;
                        case 1: sum += i; break;
                        case 2: if (t & 1) continue; sum ^= 5; break;
                        case 3: sum += 7;
                        case 4: sum -= 2;
                        default: sum += t;
                    }
                    sum = __shfl_sync(1u << (t & 31), sum, t & 31);
                }
                out[t] = sum;
            }
            """);
        int[] input = [.. Enumerable.Range(0, 96).Select(k => k * 37 % 61)];
        ulong result = gpu.Allocate<int>(96);
        gpu.Options = new LaunchOptions { Schedule = schedule, Seed = 3 };
        gpu.Launch("k", 1, 96, gpu.Upload(input), result, 96);
        Assert.That(gpu.Download<int>(result, 96), Is.EqualTo(Enumerable.Range(0, 96).Select(t => Reference(t, input[t]))));
    }

    private static int Reference(int t, int v)
    {
        int sum = 0;
        for (int i = 0; i < v; i++)
        {
            if ((i + t) % 3 == 0)
                continue;
            for (int j = 0; j < t % 5; j++)
            {
                if (j * i > v)
                    break;
                sum += j;
                if (sum > 500)
                    return -1;
            }

            if (i * t > 300)
                break;
            int c = (v + i) % 6;
            if (c == 2)
            {
                if ((t & 1) != 0)
                    continue;
                sum ^= 5;
                continue;
            }

            sum += c switch { 0 => 1 + i, 1 => i, 3 => 5 + t, 4 => t - 2, _ => t };
        }

        return sum;
    }

    [Test]
    public void Lanes_may_wait_for_each_other_when_nothing_keeps_them_together()
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __global__ void k(volatile int* flag, int* out)
            {
                if (threadIdx.x == 0) { while (*flag == 0) { } out[0] = 7; }
                else if (threadIdx.x == 1) *flag = 1;
            }
            """);
        ulong flag = gpu.Upload(new int[1]), result = gpu.Allocate<int>(1);
        gpu.Options = new LaunchOptions { Schedule = Schedule.Adversarial, InstructionBudget = 1_000_000 };
        gpu.Launch("k", 1, 32, flag, result);
        Assert.That(gpu.Download<int>(result, 1)[0], Is.EqualTo(7));
    }

    /// <summary>A reduction as it was written before Volta: right in lockstep, wrong without.</summary>
    [Test]
    public void Code_that_relies_on_lockstep_fails_when_lanes_run_alone([Values] bool synchronises)
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __global__ void k(volatile int* out, int n)
            {
                __shared__ volatile int s[64];
                int t = threadIdx.x;
                s[t] = t; s[t + 32] = 0;
                SYNC
                for (int o = 16; o > 0; o /= 2)
                {
                    int v = s[t + o];
                    if (t % 2 == n) out[t] = o;
                    SYNC
                    s[t] = s[t] + v;
                    SYNC
                }
                if (t == 0) out[0] = s[0];
            }
            """.Replace("SYNC", synchronises ? "__syncwarp();" : "", StringComparison.Ordinal));
        ulong result = gpu.Allocate<int>(32);
        int Sum(Schedule schedule, ulong seed)
        {
            gpu.Options = new LaunchOptions { Schedule = schedule, Seed = seed };
            gpu.Launch("k", 1, 32, result, 1);
            return gpu.Download<int>(result, 1)[0];
        }

        bool alwaysRight = Enumerable.Range(0, 40).All(seed => Sum(Schedule.Adversarial, (ulong)seed) == 496);
        Assert.That((Sum(Schedule.InOrder, 0), alwaysRight), Is.EqualTo((496, synchronises)));
    }

    [Test]
    public void Cache_policies_are_accepted()
    {
        using Gpu gpu = Gpu.FromPtx("""
            .version 8.4
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 p)
            {
                .reg .b64 %a<3>; .reg .b32 %v<3>;
                ld.param.u64 %a0, [p];
                createpolicy.fractional.L2::evict_first.b64 %a1, 1.0;
                ld.global.L1::no_allocate.L2::cache_hint.L2::128B.b32 %v0, [%a0], %a1;
                add.u32 %v1, %v0, 1;
                st.global.L2::cache_hint.b32 [%a0], %v1, %a1;
                ret;
            }
            """);
        ulong value = gpu.Upload<int>([8]);
        gpu.Launch("k", 1, 1, value);
        Assert.That(gpu.Download<int>(value, 1)[0], Is.EqualTo(9));
    }

    [Test]
    public void Carries_make_wide_integers()
    {
        using Gpu gpu = Gpu.FromCuda("""
            extern "C" __global__ void k(unsigned __int128* v, unsigned short* s)
            {
                unsigned __int128* x = v + 4 * threadIdx.x;
                unsigned __int128 a = x[0], b = x[1];
                x[0] = a + b; x[1] = a - b; x[2] = a * b; x[3] = (__int128)a >> 3;
                atomicCAS(s, (unsigned short)threadIdx.x, (unsigned short)(threadIdx.x + 1));
            }
            """, "compute_80", "--device-int128");
        Random random = new(6);
        UInt128[] values = [.. Enumerable.Range(0, 32 * 4).Select(k => new UInt128((ulong)random.NextInt64() << (k % 2), k % 7 == 0 ? ulong.MaxValue : (ulong)random.NextInt64()))];
        ulong at = gpu.Upload(values), s = gpu.Upload<ushort>([0, 99]);
        gpu.Launch("k", 1, 32, at, s);
        UInt128[] results = gpu.Download<UInt128>(at, values.Length);
        for (int t = 0; t < 32; t++)
        {
            UInt128 a = values[4 * t], b = values[(4 * t) + 1];
            Assert.That(results[(4 * t)..((4 * t) + 4)], Is.EqualTo(new[] { unchecked(a + b), unchecked(a - b), unchecked(a * b), (UInt128)((Int128)a >> 3) }));
        }

        Assert.That(gpu.Download<ushort>(s, 2), Is.EqualTo(new ushort[] { 32, 99 }));
    }
}
