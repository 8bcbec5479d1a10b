namespace Sequoia.SoftwareGpu.Tests;

/// <summary>mbarriers and bulk copies, form by form; 64 threads of two warps.</summary>
internal sealed class MBarrierFormTests
{
    /// <summary>An mbarrier of some arrivals at s, and the global address of g in x0, whose first words are 1, 2, 3, 4.</summary>
    private const string Fill = "mov.u64 %x0, g; mov.u32 %v2, 1; st.global.u32 [%x0], %v2; mov.u32 %v2, 2; st.global.u32 [%x0+4], %v2; mov.u32 %v2, 3; st.global.u32 [%x0+8], %v2; mov.u32 %v2, 4; st.global.u32 [%x0+12], %v2; ";

    public static IEnumerable<string> Opcodes =>
    [
        "mbarrier.init.shared.b64", "mbarrier.inval.shared.b64", "mbarrier.arrive.shared.b64", "mbarrier.arrive.expect_tx.shared.b64", "mbarrier.expect_tx.shared.b64",
        .. from wait in (string[])["test_wait", "try_wait"] from parity in (string[])["", ".parity"] select $"mbarrier.{wait}{parity}.shared.b64",
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes", "cp.async.bulk.prefetch.L2.global",
    ];

    [TestCase("test_wait"), TestCase("try_wait")]
    public void Phases(string wait)
    {
        // 64 arrivals; the last one completes the phase, of which every state before it tells.
        string start = Init(64), arrive = "mbarrier.arrive.shared::cta.b64 %x1, [s]; ";
        string byState = $"W: mbarrier.{wait}.shared.b64 %q, [s], %x1; @!%q bra W; ";
        string store = "mul.lo.u32 %v1, %t, 4; st.shared.u32 [%v1+64], %t; ", load = "xor.b32 %v1, %v1, 128; ld.shared.u32 %v0, [%v1+64];";
        int[] crossed = [.. Enumerable.Range(0, 64).Select(t => t ^ 32)];
        Assert.That(ControlFormTests.Run($"{start} {store} {arrive} {byState} {load}"), Is.EqualTo(crossed));
        foreach (string order in (string[])["", ".acquire.cta"])
            Assert.That(ControlFormTests.Run($"{start} {store} mbarrier.arrive.release.cta.shared::cta.b64 _, [s]; W: mbarrier.{wait}.parity{order}.shared::cta.b64 %q, [s], 0; @!%q bra W; {load}"), Is.EqualTo(crossed));

        // The phase before the first is complete, the first is not until 64 arrivals have come, and then the second is not.
        string Parity(int parity) => $"mbarrier.test_wait.parity.shared.b64 %q, [s], {parity}; selp.u32 %v3, 1, 0, %q; shl.b32 %v0, %v0, 1; or.b32 %v0, %v0, %v3; ";
        Assert.That(ControlFormTests.Run($"{start} {Parity(1)} {Parity(0)} bar.sync 0; {arrive} bar.sync 0; {Parity(0)} {Parity(1)}"), Is.All.EqualTo(0b1010));
    }

    [Test]
    public void Arrivals_count()
    {
        string test = "bar.sync 0; mbarrier.test_wait.parity.shared.b64 %q, [s], 0; selp.u32 %v0, 1, 0, %q;";
        foreach ((int expected, int count) in ((int, int)[])[(320, 5), (321, 5), (64, 1)])
            Assert.That(ControlFormTests.Run($"{Init(expected)} mbarrier.arrive.shared.b64 _, [s], {count}; {test}"), Is.All.EqualTo(expected == 64 * count ? 1 : 0));

        // Another mbarrier in the same place.
        Assert.That(ControlFormTests.Run($"{Init(3)} bar.sync 0; setp.eq.u32 %n, %t, 0; @%n mbarrier.inval.shared.b64 [s]; bar.sync 0; {Init(64)} mbarrier.arrive.shared.b64 _, [s]; {test}"), Is.All.EqualTo(1));
    }

    [Test]
    public void Bytes_count([Values] bool separately, [Values] bool hints)
    {
        string expect = separately ? "@%n mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [s], 16; @%n mbarrier.arrive.shared.b64 _, [s]; " : "@%n mbarrier.arrive.expect_tx.shared.b64 _, [s], 16; ";
        string copy = $"@%n cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes{(hints ? ".L2::cache_hint" : "")} [s+32], [%x0], 16, [s]{(hints ? ", %x3" : "")}; ";
        string hint = "createpolicy.fractional.L2::evict_first.b64 %x3, 1.0; setp.eq.u32 %n, %t, 0; ";
        Assert.That(ControlFormTests.Run($"{Fill} {hint} {Init(1)} {expect} {copy} W: mbarrier.try_wait.parity.shared.b64 %q, [s], 0, 1000; @!%q bra W; ld.shared.u32 %v0, [s+44];"), Is.All.EqualTo(4));
    }

    [Test]
    public void Prefetches_stay_in_bounds()
    {
        Assert.That(ControlFormTests.Run("mov.u32 %v0, %t; mov.u64 %x0, g; cp.async.bulk.prefetch.L2.global [%x0], 64;", 32), Is.EqualTo(Enumerable.Range(0, 32)));
        DeviceFault fault = Assert.Throws<DeviceFault>(() => ControlFormTests.Run("mov.u64 %x0, g; cp.async.bulk.prefetch.L2.global [%x0+16], 64;", 32))!;
        Assert.That(fault.Kind, Is.EqualTo(DeviceFaultKind.IllegalAddress));
    }

    [Test]
    public void A_deadlock_says_what_is_missing()
    {
        string body = $"{Init(65)} mbarrier.arrive.shared.b64 _, [s]; @%n mbarrier.expect_tx.shared.b64 [s], 16; W: mbarrier.try_wait.parity.shared.b64 %q, [s], 0; @!%q bra W;";
        DeviceFault fault = Assert.Throws<DeviceFault>(() => ControlFormTests.Run(body))!;
        Assert.That(fault.Kind, Is.EqualTo(DeviceFaultKind.Deadlock));
        Assert.That(fault.Message, Does.Contain("warp 1 is at a wait for an mbarrier").And.Contain("phase 0 of the mbarrier at shared offset 0 lacks 1 arrivals and 16 bytes"));
    }

    [TestCase("mbarrier.init.shared.b64 [s], 0;", "expects 0 arrivals")]
    [TestCase("mbarrier.init.shared.b64 [s], 1048576;", "expects 1048576 arrivals")]
    [TestCase("mbarrier.init.shared.b64 [s+4], 1;", "not a multiple of 8")]
    [TestCase("mbarrier.init.shared.b64 [s+4096], 1;", "outside the block's 4096 bytes")]
    [TestCase("mbarrier.init.shared.b64 [s], 1; mbarrier.test_wait.parity.shared.b64 %q, [s], 2;", "waits for parity 2")]
    [TestCase("mbarrier.init.shared.b64 [s], 1; mbarrier.expect_tx.shared.b64 [s], 1048576;", "expects 1048576 bytes")]
    public void Refusals(string body, string reason) =>
        Assert.That(Assert.Throws<DeviceFault>(() => ControlFormTests.Run(body, 1))!.Message, Does.Contain(reason));

    /// <summary>Thread 0 initialises, and all others see it.</summary>
    private static string Init(int arrivals) => $"setp.eq.u32 %n, %t, 0; @%n mbarrier.init.shared.b64 [s], {arrivals}; @%n fence.mbarrier_init.release.cluster; bar.sync 0;";
}
