using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>The package's README shows code that compiles and works.</summary>
internal sealed class ReadmeTests : CudaFixture
{
    [TearDown]
    public void Plain() => SoftwareDriver.Options = new LaunchOptions();

    [Test]
    public void The_readmes_code_works()
    {
        using CudaContext gpu = SoftwareDriver.Open(new LaunchOptions { Checks = true, Counters = true });
        using CudaModule module = gpu.Compile(CudaCompiler.Load(), """
            extern "C" __global__ void scale(float* x, int n, float factor) {
                int i = blockIdx.x * blockDim.x + threadIdx.x;
                if (i < n) x[i] *= factor;
            }
            """, new() { Kernels = ["scale"] });
        using DeviceBuffer<float> x = gpu.Upload<float>([1, 2, 3]);
        LaunchReport report = SoftwareDriver.Observe(() => module["scale"].Launch(1, 32, x, 3, 2.5f));
        Console.WriteLine(string.Join(' ', x.ToArray()));
        Console.WriteLine($"{report.Findings.Count} findings\n{report.Profile!.ToTable()}");

        Assert.That(x.ToArray(), Is.EqualTo(new[] { 2.5f, 5f, 7.5f }));
        Assert.That(report.Findings, Is.Empty);
    }

    [Test]
    public void The_readme_shows_the_code_above() =>
        ReadmeCode.MustStandIn("Sequoia.SoftwareGpu", "Sequoia.SoftwareGpu.Tests/ReadmeTests.cs", "using Sequoia.SoftwareGpu;");
}
