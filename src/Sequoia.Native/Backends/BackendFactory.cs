using System.Globalization;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends;

/// <summary>Creates the backend for a device name.</summary>
internal static class BackendFactory
{
    private const string Cuda = "cuda";
    private const string Software = "software";

    public static Backend Create(LoadOptions options, LlamaTensors tensors) => options.Device switch
    {
        // The CUDA kernels have not been timed yet, so they are used only on request.
        "auto" or "cpu" when options.Kernels.Replaced.Count > 0 => throw Wrong(options.Device, "has no CUDA kernels to replace; use cuda or software"),
        "auto" or "cpu" => new CpuBackend(options.Threads, CpuKernels.Best, CpuWeightStream.For(options, tensors)),
        Software => OnDevice(options, tensors, CudaDrivers.Find(Software) ?? throw Wrong(Software, "no software GPU is registered in this process (CudaDrivers.Register(SoftwareDriver.Driver))"), 0),
        _ when Ordinal(options.Device) is { } ordinal => OnDevice(options, tensors, CudaDriver.TryLoad(null, out LibraryReport search) ?? throw Wrong(options.Device, $"{search.Title} was not found"), ordinal),
        _ => throw Wrong(options.Device, "is not known; use auto, cpu, cuda, cuda:N or software"),
    };

    /// <summary>Equal for backends that can read each other's memory. GPUs of one kind share a name but have separate memory.</summary>
    public static string IdOf(Backend backend) => backend is CudaBackend cuda ? $"{cuda.Name} {cuda.Context.Device.Ordinal}" : backend.Name;

    private static int? Ordinal(string device) =>
        device == Cuda ? 0
        : device.StartsWith(Cuda + ":", StringComparison.Ordinal) && int.TryParse(device.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int ordinal) ? ordinal
        : null;

    private static CudaBackend OnDevice(LoadOptions options, LlamaTensors tensors, CudaDriver driver, int ordinal)
    {
        string device = options.Device;
        CudaCompiler compiler = CudaCompiler.TryLoad(null, options.CacheFolder is { } folder ? new KernelCache(Path.Combine(folder, "kernels")) : KernelCache.Default, out LibraryReport search)
            ?? throw Wrong(device, $"{search.Title} was not found");
        try
        {
            if (ordinal >= driver.Devices.Count)
                throw Wrong(device, "there is no such device");
            if (driver.Devices[ordinal].ComputeCapability is { } capability && capability < CudaBackend.Oldest)
                throw Wrong(device, $"{driver.Devices[ordinal].Name} has compute capability {capability}; the kernels need {CudaBackend.Oldest}");
            if (options.Kernels.Replaced.Count > 0)
                ReplacementCheck.Run(driver.Devices[ordinal], compiler, options.Kernels);
            var backend = new CudaBackend(driver.Devices[ordinal], compiler, options.Kernels, Elements.For(tensors.Matrices));
            try
            {
                PlaceWeights(backend, options, tensors);
                return backend;
            }
            catch
            {
                backend.Dispose();
                throw;
            }
        }
        catch (CudaException e)
        {
            throw new InvalidInputException($"device: {device}: {e.Message}", e) { Parameter = "device" };
        }
    }

    /// <summary>Decides whether a model's weights are streamed to a device. If they are not, all of them must fit.</summary>
    private static void PlaceWeights(CudaBackend backend, LoadOptions options, LlamaTensors tensors)
    {
        long budget = options.DeviceMemory ?? (long)(backend.Context.Memory.Free * MemoryBudget.ShareOfFree);
        if (options.Stream == StreamMode.All || (options.Stream == StreamMode.Auto && !MemoryBudget.HasRoom(budget, CudaMemory.Weights(tensors))))
        {
            try
            {
                backend.StreamWeights(tensors, new CudaStreamOptions { Budget = budget, HostBudget = MemoryBudget.Free(), MeasuresLink = backend.HasTimes, Mode = options.Stream });
                return;
            }
            catch (InvalidInputException e) when (e.Parameter == CudaWeightStream.Option && options is { DeviceMemory: null, Stream: StreamMode.Auto })
            {
                // Nobody asked for a limit, and there is hardly any memory: what the whole model needs says more.
            }
        }
        backend.RequireRoom(tensors);
    }

    private static InvalidInputException Wrong(string device, string why) => new($"device: {device}: {why}") { Parameter = "device" };
}
