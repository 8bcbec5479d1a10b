namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Forms that have no result of their own, each in the smallest kernel that shows what it does.</summary>
internal sealed class ControlFormTests
{
    private static readonly string[] Barriers = ["sync", "arrive", "red.popc.u32", "red.and.pred", "red.or.pred"];

    private static readonly string[] Spaces = ["global", "shared", "local", "const", "param"];

    public static IEnumerable<string> Opcodes =>
    [
        .. Barriers.Select(b => $"bar.{b}"), .. Barriers.Select(b => $"barrier.{b}"), .. Barriers.Select(Aligned), "bra", "ret", "exit", "trap",
        "cp.async.ca.shared.global", "cp.async.cg.shared.global", "cp.async.commit_group", "cp.async.wait_group", "cp.async.wait_all",
    ];

    public static IEnumerable<string> AddressOpcodes =>
        [.. Spaces.Select(s => $"cvta.{s}.u64"), .. Spaces.Select(s => $"cvta.to.{s}.u64"), .. Spaces.Where(s => s != "const").Select(s => $"isspacep.{s}")];

    public static IEnumerable<string> Hints =>
    [
        .. from space in (string[])["", ".global", ".local"] from level in (string[])["L1", "L2"] select $"prefetch{space}.{level}",
        "prefetch.L2::evict_last", "prefetch.L2::evict_normal", "prefetch.global.L2::evict_last", "prefetch.global.L2::evict_normal",
        "prefetchu.L1", "griddepcontrol.wait", "griddepcontrol.launch_dependents", "pmevent", "pmevent.mask", "nanosleep.u32", "membar.cta", "membar.gl", "membar.sys",
        .. from order in (string[])["", ".acq_rel", ".sc"] from scope in (string[])["cta", "cluster", "gpu", "sys"] select $"fence{order}.{scope}",
        "fence.proxy.async", "fence.proxy.async.global", "fence.proxy.async.shared::cluster", "fence.mbarrier_init.release.cluster", "setmaxnreg.inc.sync.aligned.u32", "setmaxnreg.dec.sync.aligned.u32",
        .. from first in (string[])["last", "normal", "first", "unchanged"] from second in (string[])["", ".L2::evict_first", ".L2::evict_unchanged"] select $"createpolicy.fractional.L2::evict_{first}{second}.b64",
    ];

    private static string Aligned(string barrier)
    {
        int type = barrier.LastIndexOf('.');
        return "barrier." + (type < 0 || !barrier.StartsWith("red", StringComparison.Ordinal) ? $"{barrier}.aligned" : $"{barrier[..type]}.aligned{barrier[type..]}");
    }

    internal static int[] Run(string body, int threads = 64)
    {
        using Gpu gpu = Gpu.FromPtx($$"""
            .version 8.4
            .target sm_80
            .address_size 64
            .global .align 16 .b8 g[64];
            .const .align 16 .b8 c[16] = {7};
            .visible .entry k(.param .u64 out, .param .u32 seven)
            {
                .shared .align 16 .b8 s[4096]; .local .align 16 .b8 l[64];
                .reg .b64 %a, %x<4>, %o; .reg .b32 %t, %v<6>; .reg .pred %p, %q, %n;
                mov.u32 %t, %tid.x; ld.param.u64 %a, [out]; mul.wide.u32 %o, %t, 4; add.u64 %a, %a, %o;
                mov.u32 %v0, 0; setp.lt.u32 %p, %t, 32;
                {{body}}
                st.global.u32 [%a], %v0;
                ret;
            }
            """);
        ulong result = gpu.Upload(new int[threads]);
        gpu.Options = new LaunchOptions { Checks = true };
        LaunchReport report = gpu.Launch("k", 1, (uint)threads, result, 7);
        Assert.That(report.Findings, Is.Empty);
        return gpu.Download<int>(result, threads);
    }

    [Test]
    public void Barriers_and_control()
    {
        foreach (Func<string, string> name in (Func<string, string>[])[b => $"bar.{b}", b => $"barrier.{b}", Aligned])
        {
            // A word of another warp, read behind the barrier.
            string store = "mul.lo.u32 %v1, %t, 4; st.shared.u32 [%v1], %t; xor.b32 %v1, %v1, 128; ";
            Assert.That(Run($"{store} {name("sync")} 1; ld.shared.u32 %v0, [%v1];"), Is.EqualTo(Enumerable.Range(0, 64).Select(t => t ^ 32)));
            Assert.That(Run($"{store} @!%p bra TAKE; {name("arrive")} 2, 64; bra END; TAKE: {name("sync")} 2, 64; ld.shared.u32 %v0, [%v1]; END:"), Is.EqualTo(Enumerable.Range(0, 64).Select(t => t < 32 ? 0 : t - 32)));
            string odd = "and.b32 %v1, %t, 3; setp.eq.u32 %q, %v1, 1; ";
            Assert.That(Run($"{odd} {name("red.popc.u32")} %v0, 3, %q;"), Is.All.EqualTo(16));
            Assert.That(Run($"{odd} {name("red.or.pred")} %n, 3, 64, %q; selp.u32 %v0, 1, 0, %n;"), Is.All.EqualTo(1));
            Assert.That(Run($"{odd} {name("red.and.pred")} %n, 3, !%q; selp.u32 %v0, 1, 2, %n;"), Is.All.EqualTo(2));
        }

        Assert.That(Run("mov.u32 %v0, 1; @%p bra OVER; mov.u32 %v0, 2; OVER:"), Is.EqualTo(Enumerable.Range(0, 64).Select(t => t < 32 ? 1 : 2)));
        foreach (string leave in (string[])["ret", "exit"])
            Assert.That(Run($"mov.u32 %v0, 3; @%p {leave};"), Is.EqualTo(Enumerable.Range(0, 64).Select(t => t < 32 ? 0 : 3)));
        Assert.That(Assert.Throws<DeviceFault>(() => Run("@%p trap;")).Kind, Is.EqualTo(DeviceFaultKind.Trap));
    }

    [TestCase("ca", 4, 4), TestCase("ca", 8, 8), TestCase("ca", 16, 16), TestCase("cg", 16, 16), TestCase("cg", 16, 8), TestCase("ca", 8, 4), TestCase("ca", 4, 0)]
    public void Asynchronous_copies(string level, int bytes, int given)
    {
        foreach (string wait in (string[])["cp.async.commit_group; cp.async.wait_group 0;", "cp.async.wait_all;"])
        {
            string copy = $"mov.u64 %x0, g; mul.wide.u32 %x1, %t, {bytes}; mov.u64 %x2, s; add.u64 %x2, %x2, %x1; mul.lo.u32 %v1, %t, 0; add.u32 %v1, %v1, {given};";
            string fill = "mov.u64 %x0, g; mov.u32 %v2, 1; st.global.u32 [%x0], %v2; mov.u32 %v2, 2; st.global.u32 [%x0+4], %v2; mov.u32 %v2, 3; st.global.u32 [%x0+8], %v2; mov.u32 %v2, 4; st.global.u32 [%x0+12], %v2;";
            int[] words = Run($"{fill} {copy} cp.async.{level}.shared.global [%x2], [%x0], {bytes}, %v1; {wait} ld.shared.u32 %v0, [%x2+{bytes - 4}];", 32);
            Assert.That(words, Is.All.EqualTo(given == bytes ? bytes / 4 : 0));
        }
    }

    [Test]
    public void Addresses_of_spaces()
    {
        foreach (string space in Spaces)
        {
            string name = space switch { "global" => "g", "shared" => "s", "local" => "l", "const" => "c", _ => "seven" };
            string write = space is "const" or "param" ? "" : $"mov.u32 %v1, 7; st.{space}.u32 [{name}], %v1;";
            string asks = string.Concat(Spaces.Where(s => s != "const").Select((s, k) => $"isspacep.{s} %q, %x1; selp.u32 %v2, {1 << (k + 4)}, 0, %q; or.b32 %v0, %v0, %v2; "));

            // The value through the generic address, whether it comes back, and every space that claims it.
            int[] words = Run($"{write} mov.u64 %x0, {name}; cvta.{space}.u64 %x1, %x0; ld.u32 %v0, [%x1]; cvta.to.{space}.u64 %x2, %x1; setp.ne.u64 %q, %x2, %x0; selp.u32 %v2, 8, 0, %q; or.b32 %v0, %v0, %v2; {asks}", 1);
            int claims = space switch { "global" or "const" => 16, "shared" => 32, "local" => 64, _ => 128 };
            Assert.That(words[0], Is.EqualTo(7 | claims), space);
        }
    }

    [TestCaseSource(nameof(Hints))]
    public void Hints_change_nothing(string opcode)
    {
        string operands = opcode.Split('.')[0] switch
        {
            "prefetch" or "prefetchu" => opcode.Contains("local") ? "[l]" : "[%a]",
            "pmevent" => "1",
            "nanosleep" => "20",
            "setmaxnreg" => "40",
            "createpolicy" => "%x0, 1.0",
            _ => "",
        };
        Assert.That(Run($"mov.u32 %v0, %t; {opcode} {operands};", 32), Is.EqualTo(Enumerable.Range(0, 32)));
    }
}
