namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Control flow that NVRTC does not emit, and other compilers do.</summary>
internal sealed class ControlFlowTests
{
    [Test]
    public void An_indexed_branch_takes_each_lane_to_its_own_label([Values] Schedule schedule)
    {
        using Gpu gpu = Gpu.FromPtx("""
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 p)
            {
                .reg .b64 %a<3>; .reg .b32 %v<4>;
                mov.u32 %v0, %tid.x;
                rem.u32 %v1, %v0, 3;
                mov.u32 %v2, 0;
                targets: .branchtargets ZERO, ONE, TWO;
                brx.idx %v1, targets;
            ZERO: add.u32 %v2, %v2, 10;
            ONE: add.u32 %v2, %v2, 200; bra END;
            TWO: add.u32 %v2, %v2, 3000;
            END: ld.param.u64 %a0, [p]; mul.wide.u32 %a1, %v0, 4; add.u64 %a2, %a0, %a1;
                st.global.u32 [%a2], %v2;
                ret;
            }
            """);
        ulong result = gpu.Allocate<int>(64);
        gpu.Options = new LaunchOptions { Schedule = schedule };
        gpu.Launch("k", 1, 64, result);
        Assert.That(gpu.Download<int>(result, 64), Is.EqualTo(Enumerable.Range(0, 64).Select(t => (t % 3) switch { 0 => 210, 1 => 200, _ => 3000 })));
    }

    [TestCase("0", 7)]
    [TestCase("1", 5)]
    [TestCase("-1", 5)]
    public void A_predicate_is_set_to_a_constant(string constant, int expected)
    {
        // NVRTC 12.4 writes mov.pred %p, -1 for a flag that begins as true.
        using Gpu gpu = Gpu.FromPtx($$"""
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 p)
            {
                .reg .b64 %a<1>; .reg .b32 %v<1>; .reg .pred %p<1>;
                ld.param.u64 %a0, [p];
                mov.pred %p0, {{constant}};
                selp.b32 %v0, 5, 7, %p0;
                st.global.u32 [%a0], %v0;
                ret;
            }
            """);
        ulong result = gpu.Allocate<int>(1);
        gpu.Launch("k", 1, 1, result);
        Assert.That(gpu.Download<int>(result, 1)[0], Is.EqualTo(expected));
    }

    [Test]
    public void An_atomic_with_its_space_behind_the_operation()
    {
        using Gpu gpu = Gpu.FromPtx("""
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 p)
            {
                .reg .b64 %a; .reg .b32 %v;
                ld.param.u64 %a, [p]; mov.u32 %v, %tid.x; red.add.global.u32 [%a], %v; ret;
            }
            """);
        ulong sum = gpu.Upload<int>([1]);
        gpu.Launch("k", 1, 50, sum);
        Assert.That(gpu.Download<int>(sum, 1)[0], Is.EqualTo(1226));
    }
}
