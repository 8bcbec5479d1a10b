namespace Sequoia.SoftwareGpu.Tests;

/// <summary>What is not understood is refused at load, with its line.</summary>
internal sealed class PtxErrorTests
{
    private const string Header = ".version 8.4\n.target sm_80\n.address_size 64\n";

    [TestCase("frobnicate.b32 %r0, %r1;", "'frobnicate' is not an instruction")]
    [TestCase("add.rn.s32 %r0, %r1, %r2;", "'add.rn.s32' is not a form of 'add'")]
    [TestCase("cvt.pack.sat.u8.s32.b32 %r0, %r1, %r2, %r3;", "is not a form of 'cvt'")]
    [TestCase("ld.global.L2::cache_hint.f32 %f0, [%rd0];", "3 operands are expected, 2 are given")]
    [TestCase("ld.global.L2::fast.f32 %f0, [%rd0];", "is not a form of 'ld'")]
    [TestCase("mma.sync.aligned.m16n8k64.row.col.f32.f16.f16.f32 {%f0}, {%r0}, {%r0}, {%f0};", "is not a form of 'mma'")]
    [TestCase("add.s64 %rd0, %r1, %rd1;", "register '%r1' has 32 bits, the instruction needs 64")]
    [TestCase("add.s32 %r0, %r1;", "3 operands are expected, 2 are given")]
    [TestCase("add.s32 %r0, %r1, %unknown;", "'%unknown' is not a register that is known")]
    [TestCase("barrier.red.popc.u32;", "a barrier needs a number")]
    [TestCase("bra nowhere;", "unknown name 'nowhere'")]
    [TestCase("ld.global.f32 %f0, [nothing];", "unknown name 'nothing' in an address")]
    [TestCase("st.param.b32 [p], %r0;", "a kernel's parameters cannot be written")]
    [TestCase("cp.async.cg.shared.global [%r0], [%rd0], 8;", "cannot copy 8 bytes")]
    [TestCase("lop3.b32 %r0, %r1, %r2, %r3, %r4;", "the table of lop3 must be a number")]
    [TestCase("tcgen05.fence;", "'tcgen05' is not an instruction")]
    [TestCase("wgmma.mma_async.sync.aligned.m64n12k16.f32.f16.f16 {%f0}, %rd0, %rd1, 1, 1, 1, 0, 0;", "is not a form of 'wgmma'")]
    [TestCase("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.bf16 {%f0}, %rd0, %rd1, 1, 1, 1, 0, 0;", "is not a form of 'wgmma'")]
    [TestCase("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0}, %rd0, %rd1, 1, 1, 1, 0, 0;", "4 registers are expected, 1 are given")]
    [TestCase("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0}, {%r0, %r1, %r2, %r3}, %rd1, 1, 1, 1, 0, 0;", "A in registers is not supported")]
    [TestCase("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0, %f1, %f2, %f3}, %rd0, %rd1, 1, 1, 1, 0, 1;", "only operands with k contiguous are supported")]
    [TestCase("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0, %f1, %f2, %f3}, %rd0, %rd1, 1, 2, 1, 0, 0;", "the scales of wgmma's operands are 1 or -1")]
    [TestCase("wgmma.wait_group.sync.aligned %r0;", "wait_group needs a number")]
    [TestCase("mbarrier.init.global.b64 [%rd0], 1;", "is not a form of 'mbarrier'")]
    [TestCase("mbarrier.arrive.noComplete.shared.b64 %rd0, [%rd1], 1;", "is not a form of 'mbarrier'")]
    [TestCase("mbarrier.arrive.expect_tx.shared.b64 %rd0, [%rd1];", "the mbarrier's address is expected, and a number")]
    [TestCase("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%rd0], [%rd1], 16, [%rd2], %r0;", "is not a form of 'cp'")]
    [TestCase("cp.async.bulk.global.shared::cta.bulk_group [%rd0], [%rd1], 16;", "is not a form of 'cp'")]
    [TestCase("setmaxnreg.inc.sync.aligned.u32 20;", "setmaxnreg needs a multiple of 8")]
    [TestCase("elect.sync %r0, -1;", "elect has two results")]
    public void Instruction(string text, string reason)
    {
        string ptx = Header + ".visible .entry k(.param .b32 p)\n{\n.reg .b32 %r<9>; .reg .f32 %f<9>; .reg .b64 %rd<9>;\n" + text + "\nret;\n}";
        PtxException error = Assert.Throws<PtxException>(() => Load(ptx))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Message, Does.Contain(reason));
            Assert.That(error.Line, Is.EqualTo(7));
        }
    }

    [TestCase(".version 9.0\n.target sm_80\n", 1, "PTX version 9.0 is newer than 8.8")]
    [TestCase(".version 8.4\n.target sm_100\n", 2, "target sm_100 is newer than sm_90")]
    [TestCase(".target sm_80\n", 1, "expected .version")]
    [TestCase(".version 8.4\n.target sm_80\n.address_size 32\n", 3, "only 64-bit addresses")]
    [TestCase(".version 8.4\n.target sm_80\n.visible .entry k() {", 3, "expected '}'")]
    [TestCase(".version 8.4\n.target sm_80\n.shared .b8 s[999999999];\n.entry k() { .reg .b32 %r; ld.shared.u32 %r, [s]; }", 3, "bytes of shared memory")]
    [TestCase(".version 8.4\n.target sm_80\n.global .b8 s[99999][99999];\n", 3, "'s' is too large")]
    [TestCase(".version 8.4\n.target sm_80\n.entry k() {\n.local .b8 l[999999999]; }", 4, "bytes of local memory")]
    [TestCase("/* open", 1, "a comment is not closed")]
    public void Module(string ptx, int line, string reason)
    {
        PtxException error = Assert.Throws<PtxException>(() => Load(ptx))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Message, Does.Contain(reason));
            Assert.That(error.Line, Is.EqualTo(line));
        }
    }

    [Test]
    public void Nesting_without_end_is_refused()
    {
        PtxException error = Assert.Throws<PtxException>(() => Load(Header + ".entry k() {" + new string('{', 100_000)))!;
        Assert.That(error.Message, Does.Contain("braces nest deeper"));
    }

    [Test]
    public void Calls_without_end_are_refused()
    {
        IEnumerable<string> functions = Enumerable.Range(0, 5000).Reverse().Select(k => $".func f{k}() {{ {(k < 4999 ? $"call f{k + 1};" : "")} ret; }}");
        PtxException error = Assert.Throws<PtxException>(() => Load(Header + string.Join('\n', functions) + "\n.entry k() { call f0; ret; }"))!;
        Assert.That(error.Message, Does.Contain("calls nest deeper"));
    }

    [Test]
    public void A_register_that_nothing_defines_is_no_error_of_ours()
    {
        using Gpu gpu = Gpu.FromPtx(Header + ".entry k() { .reg .b32 %a, %b; bar.sync %a, %b; ret; }\n.entry empty() { }");
        gpu.Launch("empty", 1, 32);
        Assert.That(Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 32)).Kind, Is.EqualTo(DeviceFaultKind.IllegalInstruction));
    }

    /// <summary>Damaged text is loaded, refused, or stopped when it runs; nothing else may happen.</summary>
    [Test]
    public void Damaged_text_never_escapes()
    {
        string whole = Header + """
            .global .align 4 .b8 table[16] = {1, 2, 3, 4};
            .visible .entry k(.param .u64 p, .param .u32 n)
            {
                .reg .b32 %r<9>; .reg .f32 %f<9>; .reg .b64 %rd<9>; .reg .pred %p<3>; .shared .align 8 .b8 s[64]; .local .b8 l[16];
                ld.param.u64 %rd0, [p]; ld.param.u32 %r0, [n]; mov.u32 %r1, %tid.x; setp.ge.u32 %p0, %r1, %r0;
                @%p0 bra END;
                mul.wide.u32 %rd1, %r1, 4; add.s64 %rd2, %rd0, %rd1; ld.global.f32 %f0, [%rd2+4]; fma.rn.f32 %f1, %f0, 0f40000000, %f0;
                st.shared.f32 [s+8], %f1; bar.sync 0; shfl.sync.bfly.b32 %r2|%p1, %r1, 1, 31, -1; st.global.f32 [%rd2], %f1;
                atom.global.add.u32 %r3, [table], %r2; st.local.u32 [l+4], %r3; vote.sync.ballot.b32 %r4, %p1, -1; prmt.b32 %r5, %r4, %r3, 0x3210;
            END: ret;
            }
            """;
        Random random = new(123);
        int loaded = 0;
        for (int k = 0; k < 4000; k++)
        {
            char[] text = whole.ToCharArray();
            for (int change = random.Next(2); change >= 0; change--)
                text[random.Next(text.Length)] = whole[random.Next(whole.Length)];
            string damaged = new(text, 0, k % 8 == 0 ? random.Next(text.Length) : text.Length);
            using DeviceMemory memory = new();
            ulong data = memory.Allocate(256);
            try
            {
                using PtxModule module = PtxModule.Load(damaged, memory);
                foreach (Kernel kernel in module.Kernels.Values)
                {
                    loaded++;
                    byte[] parameters = new byte[kernel.ParameterBytes];
                    if (parameters.Length >= 8)
                        BitConverter.TryWriteBytes(parameters, data);
                    Launcher.Run(memory, kernel, (1, 1, 1), (32, 1, 1), 0, parameters, new LaunchOptions { Checks = k % 2 == 0, InstructionBudget = 10_000 });
                }
            }
            catch (PtxException)
            {
            }
            catch (DeviceFault)
            {
            }
        }

        Assert.That(loaded, Is.GreaterThan(100), "some damage must leave a kernel that runs");
    }

    private static void Load(string ptx)
    {
        using DeviceMemory memory = new();
        PtxModule.Load(ptx, memory).Dispose();
    }
}
