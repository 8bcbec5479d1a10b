using System.Runtime.InteropServices;
using Sequoia.Interop;
using Sequoia.SoftwareGpu.Check;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>The process's only software device, as the driver's entry points see it. Callers must hold <see cref="Lock"/>.</summary>
internal sealed unsafe class Gpu
{
    private Context? _primary;
    private int _primaryUsers;
    private readonly Dictionary<ulong, ulong> _pinned = [];
    private readonly HashSet<ulong> _registered = [];
    private readonly StreamRaces _races;

    private Gpu() => _races = new StreamRaces(Memory);

    public static Gpu Instance { get; } = new();

    public Lock Lock { get; } = new();

    public bool IsInitialized { get; set; }

    public Handles Handles { get; } = new();

    public DeviceMemory Memory { get; } = new();

    public Timelines Timelines { get; } = new();

    /// <summary>Runs all queued work in every context.</summary>
    public void RunAll()
    {
        lock (Lock)
        {
            foreach (Context context in Handles.All<Context>())
                context.WaitForAll();
        }
    }

    public IReadOnlyList<DeviceAllocation> LiveAllocations
    {
        get
        {
            lock (Lock)
                return [.. Handles.All<Context>().SelectMany(Of).OrderBy(one => one.Number)];
        }
    }

    /// <summary>The memory that callers allocated in a context and did not free.</summary>
    public IEnumerable<DeviceAllocation> Of(Context context) => Memory.LiveAllocations
        .Where(one => context.Allocations.Contains(one.Start))
        .Select(one => new DeviceAllocation(one.Number, one.Start, one.Bytes));

    public Context CreateContext() => Handles.Add(new Context(this));

    public Context RetainPrimary()
    {
        _primary ??= CreateContext();
        _primaryUsers++;
        return _primary;
    }

    public void ReleasePrimary()
    {
        if (_primary is null)
            throw new DriverError(CudaResult.InvalidContext, "the primary context is not retained");
        if (--_primaryUsers > 0)
            return;
        Context last = _primary;
        _primary = null;
        last.Destroy();
    }

    public ulong Allocate(Context context, nuint bytes)
    {
        if (bytes == 0)
            throw new DriverError(CudaResult.InvalidValue, "0 bytes cannot be allocated");
        // Memory that a checked kernel does not write must be detectable.
        Memory.Poison = SoftwareDriver.Options.Checks ? (byte)0xFF : null;
        ulong address = Memory.Allocate(bytes);
        context.Allocations.Add(address);
        return address;
    }

    /// <summary>Allocates host memory that kernels and asynchronous copies can use.</summary>
    public void* AllocatePinned(Context context, nuint bytes)
    {
        if (bytes == 0)
            throw new DriverError(CudaResult.InvalidValue, "0 bytes cannot be allocated");
        void* pointer = NativeMemory.AlignedAlloc(bytes, 4096);
        Memory.RegisterHost(pointer, bytes);
        _pinned.Add((ulong)pointer, bytes);
        context.Allocations.Add((ulong)pointer);
        return pointer;
    }

    public void Register(Context context, void* pointer, nuint bytes)
    {
        if (pointer is null || bytes == 0 || (ulong)pointer + bytes < (ulong)pointer || (ulong)pointer + bytes > DeviceMemory.FirstAddress)
            throw new DriverError(CudaResult.InvalidValue, $"{bytes} bytes at 0x{(ulong)pointer:x} are no host memory");
        if (Memory.Overlaps((ulong)pointer, bytes))
            throw new DriverError(CudaResult.HostMemoryAlreadyRegistered, $"the host memory at 0x{(ulong)pointer:x}, or a part of it, is registered already");
        Memory.RegisterHost(pointer, bytes);
        _registered.Add((ulong)pointer);
        context.Allocations.Add((ulong)pointer);
    }

    /// <summary>Frees device memory or pinned memory, or removes a registration.</summary>
    public void Free(ulong address)
    {
        Memory.Free(address);
        _registered.Remove(address);
        if (_pinned.Remove(address))
            NativeMemory.AlignedFree((void*)address);
    }

    /// <summary>Whether an address belongs, or belonged, to the device. Host addresses are lower.</summary>
    public static bool IsDevice(ulong address) => address >= DeviceMemory.FirstAddress;

    /// <summary>Whether registered host memory starts at an address.</summary>
    public bool IsRegistered(ulong address) => _registered.Contains(address);

    public bool IsPinned(ulong address) => _pinned.ContainsKey(address);

    /// <summary>Whether the device can access an entire range.</summary>
    public bool IsKnown(ulong address, ulong bytes) =>
        Memory.TryFind(address, out ulong start, out ulong length) && bytes <= length - (address - start);

    /// <summary>The host has waited for some work. Everything that is queued from now on follows it.</summary>
    public void WaitedFor(Clock clock)
    {
        Timelines.WaitFor(clock);
        ForgetKnown();
    }

    /// <summary>Forgets the accesses of work that everything from now on follows, and so does what is queued.</summary>
    public void ForgetKnown()
    {
        if (_races.IsEmpty)
            return;
        Clock known = Timelines.Host;
        foreach (Context context in Handles.All<Context>())
        {
            foreach (GpuStream stream in context.Streams)
                known = stream.NextKnows is { } next ? known.Meet(next) : known;
        }
        _races.Forget(known);
    }

    /// <summary>Checks a copy or a fill against other streams' work. Its findings have a report of their own.</summary>
    /// <param name="place">Where it ran.</param>
    /// <param name="what">What it is.</param>
    /// <param name="extent">Its size.</param>
    /// <param name="to">What it wrote. Null if that is pageable memory.</param>
    /// <param name="from">What it read. Null if that is pageable memory, or a value.</param>
    public void Check(Place place, string what, Extent extent, Side? to, Side? from)
    {
        if (!SoftwareDriver.Options.Checks)
            return;
        string source = from is { } read ? $" from 0x{read.Start:x}" : "", target = to is { } written ? $" to 0x{written.Start:x}" : "";
        IReadOnlyList<Finding> findings = _races.Add(
            place, $"{what} of {extent}{source}{target}", from is { } some ? extent.Ranges(some) : [], to is { } others ? extent.Ranges(others) : [], []);
        if (findings.Count > 0)
            SoftwareDriver.Report(new LaunchReport { Findings = findings });
    }

    public double Launch(Place place, Function function, Dim grid, Dim block, uint sharedBytes, byte[] parameters, bool isDependent)
    {
        LaunchReport report;
        LaunchAccesses? accesses = SoftwareDriver.Options.Checks ? new() : null;
        try
        {
            report = Launcher.Run(
                Memory, function.Kernel, (grid.X, grid.Y, grid.Z), (block.X, block.Y, block.Z), (int)sharedBytes, parameters, SoftwareDriver.Options, isDependent,
                place.Chain, accesses);
        }
        catch (DeviceFault fault)
        {
            if (fault.Report is { } partial)
                SoftwareDriver.Report(partial);
            throw;
        }
        if (accesses is not null)
            report.Findings = [.. report.Findings, .. _races.Add(place, $"kernel {function.Kernel.Name}", accesses.Reads, accesses.Writes, accesses.Atomics)];
        SoftwareDriver.Report(report);
        return CostModel.Kernel(report.WarpInstructions);
    }
}

/// <summary>The size of a grid or a block.</summary>
internal readonly record struct Dim(uint X, uint Y, uint Z)
{
    public override string ToString() => $"{X} x {Y} x {Z}";
}
