
namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Base of tests that compile CUDA: skipped where NVRTC is missing, unless it is required.</summary>
internal abstract class CudaFixture
{
    [OneTimeSetUp]
    public void RequireNvrtc() => _ = NeededLibraries.Compiler();
}
