using Sequoia.Interop;
using Sequoia.SoftwareGpu.Driver;

namespace Sequoia.SoftwareGpu;

/// <summary>
/// The software GPU behind the entry points of a CUDA driver: one device per process, compute capability 8.0. Work of streams is done when
/// somebody waits for it, deterministically. Safe for use by several threads; calls take turns.
/// </summary>
public static class SoftwareDriver
{
    /// <summary>The device's name.</summary>
    public const string DeviceName = "Sequoia software GPU";

    /// <summary>How kernels are executed from now on: checks, counters, schedule, numerics.</summary>
    public static LaunchOptions Options { get; set; } = new();

    /// <summary>Happens after each kernel that ran to its end, or to its fault, in the thread that waited for it. Must not call the driver.</summary>
    public static event Action<LaunchReport>? Launched;

    /// <summary>The entry points.</summary>
    public static DriverTable Table => EntryPoints.Table();

    /// <summary>The same as a driver, called software: for <see cref="CudaDrivers.Register"/>, or for its device.</summary>
    public static CudaDriver Driver { get; } = CudaDriver.FromTable("software", Table);

    /// <summary>Why the calling thread's latest failed driver call failed: one sentence, more exact than a result code. Null before.</summary>
    public static string? LatestFailure => Failure.Latest;

    /// <summary>
    /// The device memory that callers allocated and did not free yet, in the order of the allocations: after the end of a context, what it
    /// leaked is still told by <see cref="Leaked"/>, but is freed.
    /// </summary>
    public static IReadOnlyList<DeviceAllocation> LiveAllocations => Gpu.Instance.LiveAllocations;

    /// <summary>Happens when a context ends with memory that was not freed, before that is done. Must not call the driver.</summary>
    public static event Action<IReadOnlyList<DeviceAllocation>>? Leaked;

    /// <summary>A new context of the software device, for use like any other.</summary>
    /// <param name="options">How kernels are executed from now on, in all contexts; unchanged if null.</param>
    public static CudaContext Open(LaunchOptions? options = null)
    {
        Options = options ?? Options;
        return CudaContext.Create(Driver.Devices[0]);
    }

    /// <summary>The report of the one launch that some calls make; waits for it.</summary>
    /// <param name="calls">Launches a kernel on the default stream, and waits for it or not.</param>
    /// <exception cref="InvalidOperationException">There was no launch, or more than one.</exception>
    public static LaunchReport Observe(Action calls)
    {
        ArgumentNullException.ThrowIfNull(calls);
        var reports = new List<LaunchReport>();
        Launched += reports.Add;
        try
        {
            calls();
            Gpu.Instance.RunAll();
        }
        catch (DriverError) when (reports is [{ Findings.Count: > 0 }])
        {
            // The launch's own fault, which its report has. The context is lost, as it is without an observer.
        }
        finally
        {
            Launched -= reports.Add;
        }
        return reports.Count == 1 ? reports[0] : throw new InvalidOperationException($"{reports.Count} kernels were launched, not one");
    }

    internal static void Leak(IReadOnlyList<DeviceAllocation> left) => Leaked?.Invoke(left);

    internal static void Report(LaunchReport report) => Launched?.Invoke(report);
}

/// <summary>Memory that a caller allocated on the software device, or had registered.</summary>
/// <param name="Number">The how-manieth allocation it was, from 1.</param>
/// <param name="Address">Its device address.</param>
/// <param name="Bytes">Its size.</param>
public sealed record DeviceAllocation(int Number, ulong Address, ulong Bytes);
