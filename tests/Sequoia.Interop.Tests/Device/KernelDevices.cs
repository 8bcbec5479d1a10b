namespace Sequoia.Interop.Tests.Device;

/// <summary>The devices on which kernels are run: NVIDIA's where there is one, and those of the registered drivers.</summary>
internal static class KernelDevices
{
    private const string Nvidia = "cuda";

    public static IEnumerable<string> Names => [Nvidia, .. CudaDrivers.Registered.Where(driver => driver.Name == "software").Select(driver => driver.Name)];

    /// <summary>The first device of this name's driver; the test is ignored where there is none.</summary>
    public static CudaDevice First(string name)
    {
        CudaDriver? driver = name == Nvidia ? CudaDriver.TryLoad(null, out _) : CudaDrivers.Find(name);
        if (driver?.Devices is not [var device, ..])
        {
            Assert.Ignore("no CUDA device");
            throw new InvalidOperationException();
        }
        return device;
    }
}
