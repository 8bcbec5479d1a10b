namespace Sequoia.Interop.Tests.Driver;

/// <summary>What is known about a device, and what to compile for it.</summary>
internal sealed class DeviceTests
{
    [Test]
    public void Name_capability_memory_and_properties_are_the_drivers()
    {
        CudaDriver driver = FakeDriver.Reset();
        CudaDevice device = driver.Devices.Single();
        using CudaContext context = CudaContext.Create(device);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(driver.Version, Is.EqualTo(new Version(12, 2)));
            Assert.That(device.ToString(), Is.EqualTo("Fake GPU (compute capability 8.6, 12 MiB)"));
            Assert.That(device[DeviceProperty.MultiprocessorCount], Is.EqualTo(1016));
            Assert.That(context.Memory, Is.EqualTo((1000L, 2000L)));
            Assert.That(() => CudaDevice.Get(driver, 1), Throws.TypeOf<CudaException>().With.Property("Code").EqualTo(CudaResult.InvalidDevice));
        }
    }

    [TestCase(8, 6, false, "compute_86")]
    [TestCase(8, 6, true, "sm_86")]
    [TestCase(99, 0, true, "compute_")]
    public void Code_is_compiled_for_the_device_or_for_the_newest_that_nvrtc_knows(int major, int minor, bool cubin, string expected)
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        CudaDriver driver = FakeDriver.Reset(acceptsCubin: cubin);
        FakeDriver.ComputeCapability = new(major, minor);
        string architecture = compiler.ArchitectureFor(driver.Devices[0]);
        Version newest = compiler.Architectures[^1];
        Assert.That(architecture, Is.EqualTo(expected.EndsWith('_') ? $"{expected}{newest.Major}{newest.Minor}" : expected));
    }

    [Test]
    public void A_driver_that_takes_no_cubin_gets_ptx()
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        using CudaContext context = CudaContext.Create(FakeDriver.Reset(acceptsCubin: true).Devices[0]);
        const string Source = "extern \"C\" __global__ void f() {}";
        context.Compile(compiler, Source).Dispose();
        Assert.That(FakeDriver.LoadsCubin);
        FakeDriver.RefusesCubin = true;
        context.Compile(compiler, Source).Dispose();
        Assert.That(FakeDriver.LoadsCubin, Is.False);
    }

    [Test]
    public void A_device_older_than_nvrtc_is_refused()
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        CudaDriver driver = FakeDriver.Reset();
        FakeDriver.ComputeCapability = new(1, 3);
        Assert.That(() => compiler.ArchitectureFor(driver.Devices[0]), Throws.ArgumentException.With.Message.Contains("does not compile for Fake GPU"));
    }
}
