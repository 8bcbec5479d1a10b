using Bug = Sequoia.SoftwareGpu.Tests.BugInjectionTests.Bug;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>The bugs of kernels that use mbarriers, bulk copies and wgmma.</summary>
internal static class AsyncProxyBugs
{
    /// <summary>Macros, so that a finding has the line of its use.</summary>
    public const string Prelude = """
        typedef unsigned u32;
        typedef unsigned long long u64;
        #define AT(p) ((u32)__cvta_generic_to_shared(p))
        #define INIT(bar, count) asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" :: "r"(AT(bar)), "r"(count) : "memory")
        #define FENCE_INIT() asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory")
        #define FENCE_PROXY() asm volatile("fence.proxy.async.shared::cta;" ::: "memory")
        #define EXPECT(bar, bytes) asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" :: "r"(AT(bar)), "r"(bytes) : "memory")
        #define ARRIVE(bar) asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" :: "r"(AT(bar)) : "memory")
        #define TRY(done, bar, parity) asm volatile("{.reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p;}" : "=r"(done) : "r"(AT(bar)), "r"(parity) : "memory")
        #define WAIT(bar, parity) for (u32 done = 0; !done;) TRY(done, bar, parity)
        #define COPY(to, from, bytes, bar) asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" :: "r"(AT(to)), "l"(from), "r"(bytes), "r"(AT(bar)) : "memory")
        // Accumulators must be in their registers before the fence, and the compiler does not know that.
        #define KEEP(d) asm volatile("" : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) :: "memory")
        #define WGMMA_FENCE() asm volatile("wgmma.fence.sync.aligned;" ::: "memory")
        #define WGMMA_COMMIT() asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory")
        #define WGMMA_WAIT() asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory")
        // D (64 x 8) += A B, both without swizzle and contiguous: core matrices of 128 bytes, two in k.
        #define DESCRIPTOR(p) ((u64)(AT(p) >> 4) | (u64)8 << 16 | (u64)16 << 32)
        #define WGMMA(d, a, b) asm volatile("wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%0, %1, %2, %3}, %4, %5, 1, 1, 1, 0, 0;" : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "l"(DESCRIPTOR(a)), "l"(DESCRIPTOR(b)) : "memory")

        """;

    /// <summary>One block of 512 bytes for each of two blocks of threads, brought by thread 0.</summary>
    private static Bug Copying(string name, FindingKind kind, string body) => Make(name, kind, """
        extern "C" __global__ void k(const float* in, float* out, int n)
        {
            __shared__ __align__(16) float s[512];
            __shared__ u64 bar, unused;
            int t = threadIdx.x;
            out += blockIdx.x * blockDim.x;
        """, body);

    /// <summary>A product of what a bulk copy brought.</summary>
    private static Bug Multiplying(string name, FindingKind kind, string body) => Make(name, kind, """
        extern "C" __global__ void k(const float* in, float* out, int n)
        {
            __shared__ __align__(128) float a[512];
            __shared__ __align__(128) float b[64];
            __shared__ u64 full, empty;
            float d[4] = {};
            int t = threadIdx.x;
            out += blockIdx.x * blockDim.x;
            if (t == 0)
            {
                INIT(&full, 1);
                INIT(&empty, 128);
                FENCE_INIT();
            }
            __syncthreads();
        """, body);

    private const string Init = """
            if (t == 0)
            {
                INIT(&bar, 1);
                FENCE_INIT();
            }
            __syncthreads();

        """;

    private const string Bring = """
            if (t == 0)
            {
                EXPECT(&bar, 512);
                COPY(s, in, 512, &bar);
            }

        """;

    private const string Fill = """
            for (int i = t; i < 512; i += 128) a[i] = in[i];
            if (t < 64) b[t] = in[t];
            FENCE_PROXY();
            __syncthreads();

        """;

    private const string Product = """

            WGMMA_COMMIT();
            WGMMA_WAIT();
            out[t] = d[0] + d[3];
        """;

    public static IEnumerable<Bug> All =>
    [
        Copying("Missing_wait_for_a_bulk_copy", FindingKind.PendingAsyncCopy, Init + Bring + """
        #ifndef BUG
            WAIT(&bar, 0);
        #endif
            out[t] = s[t]; // HERE
            WAIT(&bar, 0);
        """),
        Copying("Wait_for_the_wrong_parity", FindingKind.PendingAsyncCopy, Init + Bring + """
        #ifdef BUG
            WAIT(&bar, 1);
        #else
            WAIT(&bar, 0);
        #endif
            out[t] = s[t]; // HERE
            WAIT(&bar, 0);
        """),
        Copying("Result_of_a_wait_not_looked_at", FindingKind.PendingAsyncCopy, Init + Bring + """
            u32 done;
        #ifdef BUG
            TRY(done, &bar, 0);
        #else
            do { TRY(done, &bar, 0); } while (!done);
        #endif
            out[t] = s[t]; // HERE
            WAIT(&bar, 0);
        """),
        Copying("More_bytes_expected_than_copied", FindingKind.Deadlock, Init + """
            if (t == 0)
            {
        #ifdef BUG
                EXPECT(&bar, 528);
        #else
                EXPECT(&bar, 512);
        #endif
                COPY(s, in, 512, &bar);
            }
            WAIT(&bar, 0); // HERE
            out[t] = s[t];
        """),
        Copying("Fewer_bytes_expected_than_copied", FindingKind.PendingAsyncCopy, Init + """
            if (t == 0)
            {
        #ifdef BUG
                EXPECT(&bar, 256);
        #else
                EXPECT(&bar, 512);
        #endif
                COPY(s, in, 256, &bar);
                COPY(s + 64, in + 64, 256, &bar);
            }
            WAIT(&bar, 0);
            out[t] = s[t]; // HERE
        """),
        Copying("No_fence_after_initialising_an_mbarrier", FindingKind.MissingFence, """
            if (t == 0)
            {
                INIT(&bar, 1);
        #ifndef BUG
                FENCE_INIT();
        #endif
            }
            __syncthreads();
            if (t == 0)
            {
                EXPECT(&bar, 512);
                COPY(s, in, 512, &bar); // HERE
            }
            WAIT(&bar, 0);
            out[t] = s[t];
        """),
        Copying("No_barrier_after_initialising_an_mbarrier", FindingKind.SharedRace, """
            if (t == 0)
            {
                INIT(&bar, 1);
                FENCE_INIT();
            }
        #ifndef BUG
            __syncthreads();
        #endif
            if (t == 0)
            {
                EXPECT(&bar, 512);
                COPY(s, in, 512, &bar);
            }
            WAIT(&bar, 0); // HERE
            out[t] = s[t];
        """),
        Copying("Initialising_an_mbarrier_twice", FindingKind.Other, """
            if (t == 0)
            {
                INIT(&bar, 1);
        #ifndef BUG
                asm volatile("mbarrier.inval.shared::cta.b64 [%0];" :: "r"(AT(&bar)) : "memory");
        #endif
                INIT(&bar, 1); // HERE
            }
            out[t] = in[t];
        """),
        Copying("An_mbarrier_that_nobody_initialised", FindingKind.Other, Init + """
        #ifdef BUG
            ARRIVE(&unused); // HERE
        #else
            if (t == 0) ARRIVE(&bar);
        #endif
            out[t] = in[t];
        """),
        Copying("More_arrivals_than_expected", FindingKind.Other, """
            if (t == 0) INIT(&bar, 2);
            __syncthreads();
        #ifdef BUG
            if (t == 0) asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0], 3;" :: "r"(AT(&bar)) : "memory"); // HERE
        #else
            if (t == 0) asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0], 2;" :: "r"(AT(&bar)) : "memory");
        #endif
            WAIT(&bar, 0);
            out[t] = in[t];
        """),
        Copying("An_arrival_that_is_missing", FindingKind.Deadlock, """
            if (t == 0) INIT(&bar, 128);
            __syncthreads();
        #ifdef BUG
            if (t != 77)
        #endif
                ARRIVE(&bar);
            WAIT(&bar, 0); // HERE
            out[t] = in[t];
        """),
        Copying("Arrival_before_the_write", FindingKind.SharedRace, """
            if (t == 0) INIT(&bar, 128);
            __syncthreads();
        #ifdef BUG
            ARRIVE(&bar);
            s[t] = in[t];
        #else
            s[t] = in[t];
            ARRIVE(&bar);
        #endif
            WAIT(&bar, 0);
            out[t] = s[127 - t]; // HERE
        """),
        Copying("A_bulk_copy_under_way_at_the_end", FindingKind.PendingAsyncCopy, Init + """
            if (t == 0)
            {
                EXPECT(&bar, 512);
                COPY(s, in, 512, &bar); // HERE
            }
        #ifndef BUG
            WAIT(&bar, 0);
        #endif
            out[t] = in[t];
        """),
        Copying("A_bulk_copy_to_a_misaligned_address", FindingKind.Misaligned, Init + """
            if (t == 0)
            {
                EXPECT(&bar, 512);
        #ifdef BUG
                COPY(s + 2, in, 512, &bar); // HERE
        #else
                COPY(s, in, 512, &bar);
        #endif
            }
            WAIT(&bar, 0);
            out[t] = in[t];
        """),
        Copying("A_bulk_copy_of_an_odd_size", FindingKind.Other, Init + """
            if (t == 0)
            {
                int bytes = 512;
        #ifdef BUG
                bytes = 504;
        #endif
                EXPECT(&bar, bytes);
                COPY(s, in, bytes, &bar); // HERE
            }
            WAIT(&bar, 0);
            out[t] = in[t];
        """),
        Copying("A_bulk_copy_from_beyond_an_allocation", FindingKind.OutOfBounds, Init + """
            if (t == 0)
            {
                EXPECT(&bar, 512);
        #ifdef BUG
                COPY(s, in + 388, 512, &bar); // HERE
        #else
                COPY(s, in + 384, 512, &bar);
        #endif
            }
            WAIT(&bar, 0);
            out[t] = in[t];
        """),
        Copying("A_bulk_copy_to_beyond_shared_memory", FindingKind.OutOfBounds, Init + """
            if (t == 0)
            {
                EXPECT(&bar, 512);
        #ifdef BUG
                COPY(s + n * 2, in, 512, &bar); // HERE
        #else
                COPY(s, in, 512, &bar);
        #endif
            }
            WAIT(&bar, 0);
            out[t] = in[t];
        """),
        Copying("A_bulk_copy_over_what_others_read", FindingKind.SharedRace, Init + """
            float sum = 0;
            for (int r = 0; r < 4; r++)
            {
                if (t == 0)
                {
                    EXPECT(&bar, 512);
                    COPY(s, in + r, 512, &bar); // HERE
                }
                WAIT(&bar, r & 1);
                sum += s[t];
        #ifndef BUG
                __syncthreads();
        #endif
            }
            out[t] = sum;
        """.Replace("in + r,", "in + 4 * r,", StringComparison.Ordinal)),
        Multiplying("A_product_of_what_is_not_there_yet", FindingKind.PendingAsyncCopy, """
            if (t == 0)
            {
                EXPECT(&full, 2048 + 256);
                COPY(a, in, 2048, &full);
                COPY(b, in, 256, &full);
            }
        #ifndef BUG
            WAIT(&full, 0);
        #endif
            KEEP(d);
            WGMMA_FENCE();
            WGMMA(d, a, b); // HERE
            WGMMA_COMMIT();
            WGMMA_WAIT();
            WAIT(&full, 0);
            out[t] = d[0] + d[3];
        """),
        Multiplying("Writes_without_a_fence_before_a_product", FindingKind.MissingFence, """
            for (int i = t; i < 512; i += 128) a[i] = in[i];
            if (t < 64) b[t] = in[t];
        #ifndef BUG
            FENCE_PROXY();
        #endif
            __syncthreads();
            KEEP(d);
            WGMMA_FENCE();
            WGMMA(d, a, b); // HERE
        """ + Product),
        Multiplying("Accumulators_without_a_fence", FindingKind.MissingFence, Fill + """
            KEEP(d);
            WGMMA_FENCE();
            WGMMA(d, a, b);
            WGMMA_COMMIT();
            WGMMA_WAIT();
            for (int i = 0; i < 4; i++) d[i] = in[t + i];
            KEEP(d);
        #ifndef BUG
            WGMMA_FENCE();
        #endif
            WGMMA(d, a, b); // HERE
        """ + Product),
        Multiplying("The_first_product_without_a_fence", FindingKind.MissingFence, Fill + """
            KEEP(d);
        #ifndef BUG
            WGMMA_FENCE();
        #endif
            WGMMA(d, a, b); // HERE
        """ + Product),
        Multiplying("A_buffer_given_back_before_its_product_ends", FindingKind.SharedRace, """
            for (int r = 0; r < 3; r++)
            {
                if (t == 0)
                {
                    if (r > 0) WAIT(&empty, (r - 1) & 1);
                    EXPECT(&full, 2048 + 256);
                    COPY(a, in, 2048, &full); // HERE
                    COPY(b, in, 256, &full);
                }
                WAIT(&full, r & 1);
                __syncwarp();
                KEEP(d);
            WGMMA_FENCE();
                WGMMA(d, a, b);
                WGMMA_COMMIT();
        #ifdef BUG
                ARRIVE(&empty);
                if (r == 2) WGMMA_WAIT();
        #else
                WGMMA_WAIT();
                ARRIVE(&empty);
        #endif
            }
            WGMMA_WAIT();
            out[t] = d[0] + d[3];
        """),
        Multiplying("Operands_overwritten_before_the_product_ends", FindingKind.SharedRace, Fill + """
            KEEP(d);
            WGMMA_FENCE();
            WGMMA(d, a, b);
            WGMMA_COMMIT();
        #ifndef BUG
            WGMMA_WAIT();
            __syncthreads();
        #endif
            if (t < 64) b[63 - t] = in[t]; // HERE
            WGMMA_WAIT();
            out[t] = d[0] + d[3];
        """),
        Multiplying("Warps_of_a_warpgroup_that_differ", FindingKind.Other, Fill + """
            KEEP(d);
            WGMMA_FENCE();
        #ifdef BUG
            WGMMA(d, (t < 64 ? a : a + 4), b); // HERE
        #else
            WGMMA(d, a, b);
        #endif
        """ + Product),
        Multiplying("A_product_of_part_of_a_warp", FindingKind.InactiveLanes, Fill + """
            KEEP(d);
            WGMMA_FENCE();
        #ifdef BUG
            if (t % 32 < n / 16)
        #endif
            WGMMA(d, a, b); // HERE
        """ + Product),
    ];

    private static Bug Make(string name, FindingKind kind, string start, string body) =>
        new(name, kind, $"{Prelude}{start}\n{body}\n}}\n", Architecture: "compute_90a");
}
