using Sequoia.Interop;
using Sequoia.SoftwareGpu.Driver;

namespace Sequoia.SoftwareGpu;

/// <summary>
/// The software GPU as a CUDA driver: one device per process, compute capability 8.0 or 9.0. Work in streams runs when a caller waits for it, and runs
/// deterministically. Thread-safe; calls are serialized.
/// </summary>
public static class SoftwareDriver
{
    /// <summary>The device's name.</summary>
    public const string DeviceName = "Sequoia software GPU";

    /// <summary>How kernels execute from now on: checks, counters, schedule, numerics.</summary>
    public static LaunchOptions Options { get; set; } = new();

    /// <summary>
    /// Occurs after each kernel that completes or faults, on the thread that waits for it, and after a copy or a fill that races with other work: its
    /// report has nothing but the findings. Handlers must not call the driver.
    /// </summary>
    public static event Action<LaunchReport>? Launched;

    /// <summary>
    /// The compute capability of the device, 8.0 by default or 9.0. It limits shared memory and nothing else: kernels for either run. Devices and contexts that a program has already
    /// opened keep theirs.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is another one.</exception>
    public static Version ComputeCapability
    {
        get => DeviceLimits.Current.ComputeCapability;
        set => DeviceLimits.Become(value);
    }

    /// <summary>The driver's entry points.</summary>
    public static DriverTable Table => EntryPoints.Table();

    /// <summary>The same entry points as a driver named software, for <see cref="CudaDrivers.Register"/> or for its device.</summary>
    public static CudaDriver Driver { get; } = CudaDriver.FromTable("software", Table);

    /// <summary>
    /// The reason that the calling thread's most recent failed driver call failed: one sentence, more specific than a result code. Null if no call
    /// has failed.
    /// </summary>
    public static string? LatestFailure => Failure.Latest;

    /// <summary>
    /// The device memory that callers allocated and have not yet freed, in the order of allocation. When a context ends, its leaked memory is
    /// freed, but <see cref="Leaked"/> still reports it.
    /// </summary>
    public static IReadOnlyList<DeviceAllocation> LiveAllocations => Gpu.Instance.LiveAllocations;

    /// <summary>Occurs when a context ends with memory that was not freed, before that memory is freed. Handlers must not call the driver.</summary>
    public static event Action<IReadOnlyList<DeviceAllocation>>? Leaked;

    /// <summary>Creates a context on the software device. It is used like any other context.</summary>
    /// <param name="options">How kernels execute from now on, in all contexts. If null, this does not change.</param>
    public static CudaContext Open(LaunchOptions? options = null)
    {
        Options = options ?? Options;
        return CudaContext.Create(Driver.Devices[0]);
    }

    /// <summary>Runs calls that make exactly one launch, waits for it, and returns its report.</summary>
    /// <param name="calls">Launches a kernel on the default stream. It may wait for the kernel.</param>
    /// <exception cref="InvalidOperationException">There was no launch, or more than one launch.</exception>
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
            // The launch's own fault, which is in its report. The context is lost, as it is without an observer.
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

/// <summary>Memory that a caller allocated on the software device, or registered with it.</summary>
/// <param name="Number">The sequence number of the allocation, from 1.</param>
/// <param name="Address">The device address.</param>
/// <param name="Bytes">The size, in bytes.</param>
public sealed record DeviceAllocation(int Number, ulong Address, ulong Bytes);
