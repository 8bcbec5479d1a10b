namespace Sequoia.Interop.Tests.Nvrtc;

/// <summary>The logs' formats, of versions that are not here too.</summary>
internal sealed class ReportTests
{
    [Test]
    public void A_report_with_barriers_and_several_banks_is_read()
    {
        const string Log = """
            ptxas info    : 0 bytes gmem, 16 bytes cmem[3]
            ptxas info    : Compiling entry function '_Z3fooILi32EEvPf' for 'sm_90'
            ptxas info    : Function properties for _Z3fooILi32EEvPf
            ptxas         .     256 bytes stack frame, 44 bytes spill stores, 88 bytes spill loads
            ptxas info    : Used 24 registers, used 1 barriers, 256 bytes cumulative stack size, 128 bytes smem, 360 bytes cmem[0], 8 bytes cmem[2]
            ptxas info    : Compile time = 3.1 ms
            ptxas info    : Compiling entry function 'bar' for 'sm_90'
            ptxas info    : Function properties for bar
                0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
            ptxas info    : Used 4 registers
            """;
        Assert.That(PtxasReport.Parse(Log), Is.EqualTo(new KernelResources[]
        {
            new("_Z3fooILi32EEvPf", "sm_90", 24, 256, 44, 88, 128, 368),
            new("bar", "sm_90", 4, 0, 0, 0, 0, null),
        }));
    }

    [Test]
    public void A_log_that_is_no_report_gives_nothing()
    {
        Assert.That(PtxasReport.Parse(""), Is.Empty);
        Assert.That(PtxasReport.Parse("ptxas info    : Used 4 registers\nkernel.cu(1): warning #1-D: x"), Is.Empty);
        Assert.That(CompileLog.Parse("kernel.cu(1): warning #1-D: x\nnonsense(: error"), Is.EqualTo(new[] { new CompileDiagnostic("kernel.cu", 1, "warning", "x") }));
    }

    [Test]
    public void Messages_of_the_tools_have_no_line() =>
        Assert.That(
            CompileLog.Parse("nvrtc: error: failed to open libnvrtc-builtins.so.12.4.\nptxas application ptx input, line 21; error   : Not a name\nptxas fatal   : Aborted"),
            Is.EqualTo(new CompileDiagnostic[]
            {
                new("nvrtc", 0, "error", "failed to open libnvrtc-builtins.so.12.4."),
                new("ptxas application ptx input, line 21", 0, "error", "Not a name"),
                new("ptxas", 0, "fatal", "Aborted"),
            }));
}
