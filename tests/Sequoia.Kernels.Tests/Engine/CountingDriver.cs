using System.Runtime.InteropServices;
using Sequoia.Interop;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>
/// The software GPU, with an eye on what the engine asks of it: calls by kind, and what they allocate themselves. Its memory can run out, and it
/// can pass for an older one.
/// </summary>
internal static unsafe class CountingDriver
{
    private static readonly DriverTable s_inner = SoftwareDriver.Table;

    public static CudaDriver Driver { get; } = CudaDriver.FromTable("software", Counted());

    public static int Launches { get; private set; }

    public static int GraphLaunches { get; private set; }

    /// <summary>Recordings that were begun.</summary>
    public static int Recordings { get; private set; }

    public static int Waits { get; private set; }

    public static int CopiesToHost { get; private set; }

    /// <summary>Copies from the host, and anything else that is synchronous.</summary>
    public static int CopiesToDevice { get; private set; }

    /// <summary>Bytes that the calling thread allocated inside of the driver, which on a GPU is native code.</summary>
    public static long AllocatedInside { get; private set; }

    /// <summary>Allocations that still succeed.</summary>
    public static int AllocationsLeft { get; set; } = int.MaxValue;

    /// <summary>The number, from 0, of the next wait of a stream that is left out; negative for none.</summary>
    public static int OmittedWait { get; set; } = -1;

    /// <summary>Waits of streams for events.</summary>
    public static int StreamWaits { get; private set; }

    /// <summary>Whether host memory can be registered.</summary>
    public static bool PinsMemory { get; set; } = true;

    /// <summary>Registrations of host memory.</summary>
    public static int Registrations { get; private set; }

    /// <summary>What it says is free; null: what is.</summary>
    public static long? FreeBytes { get; set; }

    /// <summary>The software GPU, as of compute capability 7.0.</summary>
    public static CudaDriver Old { get; } = CudaDriver.FromTable("software", Aged());

    public static void Clear()
    {
        (Launches, GraphLaunches, Recordings, Waits, CopiesToHost, CopiesToDevice, AllocatedInside) = (0, 0, 0, 0, 0, 0, 0);
        (StreamWaits, Registrations) = (0, 0);
    }

    private static DriverTable Counted()
    {
        DriverTable table = s_inner;
        table.cuLaunchKernel = &LaunchKernel;
        table.cuGraphLaunch = &LaunchGraph;
        table.cuStreamBeginCapture_v2 = &Record;
        table.cuStreamSynchronize = &Synchronize;
        table.cuMemcpyDtoHAsync_v2 = &ToHostAsync;
        table.cuMemcpyDtoH_v2 = &ToHost;
        table.cuMemcpyHtoD_v2 = &ToDevice;
        table.cuMemcpyHtoDAsync_v2 = &ToDeviceAsync;
        table.cuMemAlloc_v2 = &Allocate;
        table.cuMemHostAlloc = &AllocateOnHost;
        table.cuMemGetInfo_v2 = &Memory;
        table.cuStreamWaitEvent = &WaitForEvent;
        table.cuEventRecord = &RecordEvent;
        table.cuMemHostRegister_v2 = &RegisterMemory;
        return table;
    }

    private static DriverTable Aged()
    {
        DriverTable table = s_inner;
        table.cuDeviceGetAttribute = &AttributeOfVolta;
        return table;
    }

    [UnmanagedCallersOnly]
    private static CudaResult AttributeOfVolta(int* value, DeviceProperty property, int device)
    {
        CudaResult result = s_inner.cuDeviceGetAttribute(value, property, device);
        if (property == DeviceProperty.ComputeCapabilityMajor)
            *value = 7;
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult Allocate(ulong* address, nuint bytes) =>
        AllocationsLeft-- > 0 ? s_inner.cuMemAlloc_v2(address, bytes) : CudaResult.OutOfMemory;

    [UnmanagedCallersOnly]
    private static CudaResult AllocateOnHost(void** address, nuint bytes, uint flags) =>
        AllocationsLeft-- > 0 ? s_inner.cuMemHostAlloc(address, bytes, flags) : CudaResult.OutOfMemory;

    [UnmanagedCallersOnly]
    private static CudaResult Memory(nuint* free, nuint* total)
    {
        CudaResult result = s_inner.cuMemGetInfo_v2(free, total);
        if (FreeBytes is { } bytes)
            *free = (nuint)bytes;
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult WaitForEvent(nint stream, nint mark, uint flags)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        return StreamWaits++ == OmittedWait ? CudaResult.Success : Note(s_inner.cuStreamWaitEvent(stream, mark, flags), before);
    }

    [UnmanagedCallersOnly]
    private static CudaResult RecordEvent(nint mark, nint stream)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        return Note(s_inner.cuEventRecord(mark, stream), before);
    }

    [UnmanagedCallersOnly]
    private static CudaResult RegisterMemory(void* address, nuint bytes, uint flags)
    {
        Registrations++;
        return PinsMemory ? s_inner.cuMemHostRegister_v2(address, bytes, flags) : CudaResult.NotPermitted;
    }

    private static CudaResult Note(CudaResult result, long before)
    {
        AllocatedInside += GC.GetAllocatedBytesForCurrentThread() - before;
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult LaunchKernel(nint f, uint gx, uint gy, uint gz, uint bx, uint by, uint bz, uint shared, nint stream, void** parameters, void** extra)
    {
        Launches++;
        long before = GC.GetAllocatedBytesForCurrentThread();
        return Note(s_inner.cuLaunchKernel(f, gx, gy, gz, bx, by, bz, shared, stream, parameters, extra), before);
    }

    [UnmanagedCallersOnly]
    private static CudaResult LaunchGraph(nint graph, nint stream)
    {
        GraphLaunches++;
        long before = GC.GetAllocatedBytesForCurrentThread();
        return Note(s_inner.cuGraphLaunch(graph, stream), before);
    }

    [UnmanagedCallersOnly]
    private static CudaResult Record(nint stream, CaptureMode mode)
    {
        Recordings++;
        return s_inner.cuStreamBeginCapture_v2(stream, mode);
    }

    [UnmanagedCallersOnly]
    private static CudaResult Synchronize(nint stream)
    {
        Waits++;
        long before = GC.GetAllocatedBytesForCurrentThread();
        return Note(s_inner.cuStreamSynchronize(stream), before);
    }

    [UnmanagedCallersOnly]
    private static CudaResult ToHostAsync(void* to, ulong from, nuint bytes, nint stream)
    {
        CopiesToHost++;
        return s_inner.cuMemcpyDtoHAsync_v2(to, from, bytes, stream);
    }

    [UnmanagedCallersOnly]
    private static CudaResult ToHost(void* to, ulong from, nuint bytes)
    {
        CopiesToHost++;
        return s_inner.cuMemcpyDtoH_v2(to, from, bytes);
    }

    [UnmanagedCallersOnly]
    private static CudaResult ToDevice(ulong to, void* from, nuint bytes)
    {
        CopiesToDevice++;
        return s_inner.cuMemcpyHtoD_v2(to, from, bytes);
    }

    [UnmanagedCallersOnly]
    private static CudaResult ToDeviceAsync(ulong to, void* from, nuint bytes, nint stream)
    {
        CopiesToDevice++;
        return s_inner.cuMemcpyHtoDAsync_v2(to, from, bytes, stream);
    }
}
