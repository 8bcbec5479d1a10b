namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Base of tests that compile CUDA: skipped where NVRTC is missing, unless it is required.</summary>
internal abstract class CudaFixture
{
    [OneTimeSetUp]
    public void RequireNvrtc()
    {
        if (NvrtcCompiler.IsAvailable)
            return;
        bool isRequired = (Environment.GetEnvironmentVariable("SEQUOIA_REQUIRE") ?? "").Contains("nvrtc", StringComparison.Ordinal);
        if (isRequired)
            Assert.Fail(NvrtcCompiler.Missing);
        Assert.Ignore(NvrtcCompiler.Missing);
    }
}
