using Sequoia.SoftwareGpu;

namespace Sequoia.Interop.Tests.Device;

/// <summary>The devices on which kernels are run: NVIDIA's where there is one, and the software GPU.</summary>
internal static class KernelDevices
{
    private const string Nvidia = "cuda";

    public static IEnumerable<string> Names => [Nvidia, SoftwareDriver.Driver.Name];

    /// <summary>The first device of this name's driver; the test is ignored where there is none.</summary>
    public static CudaDevice First(string name)
    {
        CudaDriver? driver = name == Nvidia ? CudaDriver.TryLoad(null, out _) : SoftwareDriver.Driver;
        if (driver?.Devices is not [var device, ..])
        {
            Assert.Ignore("no CUDA device");
            throw new InvalidOperationException();
        }
        return device;
    }
}
