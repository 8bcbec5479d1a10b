namespace Sequoia.Interop.Tests;

/// <summary>The package's README shows code that compiles and works; its context comes from the fake driver here.</summary>
internal sealed class ReadmeTests
{
    [Test]
    public void The_readmes_code_works()
    {
        NeededLibraries.Compiler();
        CudaDevice device = FakeDriver.Reset().Devices[0];
        FakeDriver.ParameterBytes = [8, 4, 4];

        CudaCompiler compiler = CudaCompiler.Load(cache: KernelCache.Default);
        using CudaContext gpu = CudaContext.Primary(device);
        using CudaModule module = gpu.Compile(compiler, """
            template <typename T> __global__ void scale(T* x, int n, T factor) {
                int i = blockIdx.x * blockDim.x + threadIdx.x;
                if (i < n) x[i] *= factor;
            }
            """, new() { Kernels = ["scale<float>"] });
        using DeviceBuffer<float> x = gpu.Upload<float>([1, 2, 3]);
        module["scale<float>"].Launch(grid: 1, block: 32, x, 3, 2.5f);
        Console.WriteLine(string.Join(' ', x.ToArray()));

        Assert.That(BitConverter.ToSingle(FakeDriver.LastLaunch.Arguments[2]), Is.EqualTo(2.5f));
        Assert.That(module["scale<float>"].ParameterBytes, Is.EqualTo(new[] { 8, 4, 4 }));
    }

    [Test]
    public void The_readme_shows_the_code_above() =>
        ReadmeCode.MustStandIn("Sequoia.Interop", "Sequoia.Interop.Tests/ReadmeTests.cs", "using Sequoia.Interop;", "using CudaContext gpu = CudaDevice.Open();");
}
