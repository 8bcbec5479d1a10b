using System.Globalization;
using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Native.Execution;

/// <summary>Makes the backend that a device's name means.</summary>
internal static class Backends
{
    private const string Cuda = "cuda";
    private const string Software = "software";

    public static Backend Create(string device, int threads) => device switch
    {
        // The CUDA kernels are the plain ones so far, which a CPU outruns; they are used when asked for.
        "auto" or "cpu" => new CpuBackend(threads, CpuKernels.Best),
        Software => OnDevice(device, CudaDrivers.Find(Software) ?? throw Wrong(device, "no software GPU is registered in this process (CudaDrivers.Register(SoftwareDriver.Driver))"), 0),
        _ when Ordinal(device) is { } ordinal => OnDevice(device, CudaDriver.TryLoad(null, out LibraryReport search) ?? throw Wrong(device, $"{search.Title} was not found"), ordinal),
        _ => throw Wrong(device, "is not known; use auto, cpu, cuda, cuda:N or software"),
    };

    private static int? Ordinal(string device) =>
        device == Cuda ? 0
        : device.StartsWith(Cuda + ":", StringComparison.Ordinal) && int.TryParse(device.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int ordinal) ? ordinal
        : null;

    private static CudaBackend OnDevice(string device, CudaDriver driver, int ordinal)
    {
        CudaCompiler compiler = CudaCompiler.TryLoad(null, KernelCache.Default, out LibraryReport search)
            ?? throw Wrong(device, $"{search.Title} was not found; sequoia doctor tells where it was looked for");
        try
        {
            return driver.Devices is { } devices && ordinal < devices.Count
                ? new CudaBackend(devices[ordinal], compiler)
                : throw Wrong(device, "there is no such device; sequoia devices lists them");
        }
        catch (CudaException e)
        {
            throw new InvalidInputException($"device: {device}: {e.Message}", e);
        }
    }

    private static InvalidInputException Wrong(string device, string why) => new($"device: {device}: {why}");
}
