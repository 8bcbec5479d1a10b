using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Memory.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemGetInfo_v2))]
    public static CudaResult cuMemGetInfo_v2(nuint* free, nuint* total) => Guarded(() =>
    {
        _ = Call.Context;
        DeviceMemory memory = Call.Gpu.Memory;
        (*Given(free), *Given(total)) = ((nuint)(memory.Budget - memory.Used), (nuint)memory.Budget);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemAlloc_v2))]
    public static CudaResult cuMemAlloc_v2(ulong* pointer, nuint bytes) => Guarded(() =>
    {
        Given(pointer);
        *pointer = Call.Gpu.Allocate(Call.Context, bytes);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemAllocManaged))]
    public static CudaResult cuMemAllocManaged(ulong* pointer, nuint bytes, uint flags) => Guarded(() =>
    {
        Given(pointer);
        // Memory at one address for both sides. This is how pinned memory works here.
        *pointer = (ulong)Call.Gpu.AllocatePinned(Call.Context, bytes);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemFree_v2))]
    public static CudaResult cuMemFree_v2(ulong pointer)
    {
        try
        {
            using var call = new Call();
            if (pointer == 0)
                return CudaResult.Success;
            Context context = Call.Context;
            context.RefuseDuringCapture(nameof(cuMemFree_v2));
            Release(context, pointer);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemHostAlloc))]
    public static CudaResult cuMemHostAlloc(void** pointer, nuint bytes, uint flags) =>
        Guarded(() => *Out((byte**)pointer) = (byte*)Call.Gpu.AllocatePinned(Call.Context, bytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemAllocHost_v2))]
    public static CudaResult cuMemAllocHost_v2(void** pointer, nuint bytes) =>
        Guarded(() => *Out((byte**)pointer) = (byte*)Call.Gpu.AllocatePinned(Call.Context, bytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemFreeHost))]
    public static CudaResult cuMemFreeHost(void* pointer) => Guarded(() =>
    {
        Context context = Call.Context;
        if (!Call.Gpu.IsPinned((ulong)pointer))
            throw new DriverError(CudaResult.InvalidValue, $"0x{(ulong)pointer:x} is no pinned memory that was allocated here");
        Release(context, (ulong)pointer);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemHostRegister_v2))]
    public static CudaResult cuMemHostRegister_v2(void* pointer, nuint bytes, uint flags) => Guarded(() =>
    {
        const uint Portable = 1, DeviceMap = 2, InputOutput = 4, ReadOnly = 8;
        Context context = Call.Context;
        context.RefuseDuringCapture(nameof(cuMemHostRegister_v2));
        if ((flags & ~(Portable | DeviceMap | InputOutput | ReadOnly)) != 0)
            throw new DriverError(CudaResult.InvalidValue, $"the flags 0x{flags:x} of cuMemHostRegister are unknown");
        // Not every driver registers such memory either.
        if ((flags & (InputOutput | ReadOnly)) != 0)
            throw new DriverError(CudaResult.NotSupported, "the software GPU does not register read-only or device memory");
        Call.Gpu.Register(context, pointer, bytes);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemHostUnregister))]
    public static CudaResult cuMemHostUnregister(void* pointer) => Guarded(() =>
    {
        Context context = Call.Context;
        context.RefuseDuringCapture(nameof(cuMemHostUnregister));
        if (!Call.Gpu.IsRegistered((ulong)pointer))
            throw new DriverError(CudaResult.HostMemoryNotRegistered, $"the host memory at 0x{(ulong)pointer:x} is not registered");
        Release(context, (ulong)pointer);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemHostGetDevicePointer_v2))]
    public static CudaResult cuMemHostGetDevicePointer_v2(ulong* device, void* host, uint flags) => Guarded(() =>
    {
        _ = Call.Context;
        if (!Call.Gpu.IsKnown((ulong)host, 1))
            throw new DriverError(CudaResult.InvalidValue, $"0x{(ulong)host:x} is neither pinned nor registered");
        *Given(device) = (ulong)host;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuPointerGetAttribute))]
    public static CudaResult cuPointerGetAttribute(void* value, PointerProperty property, ulong pointer) => Guarded(() =>
    {
        Context context = Call.Context;
        if (value is null)
            throw new DriverError(CudaResult.InvalidValue, "the place for the value is null");
        if (!Call.Gpu.Memory.TryFind(pointer, out ulong start, out ulong bytes))
            throw new DriverError(CudaResult.InvalidValue, $"0x{pointer:x} is no memory of this driver");
        bool isHost = !Gpu.IsDevice(pointer);
        switch (property)
        {
            case PointerProperty.Context:
                *(nint*)value = context.Handle;
                break;
            case PointerProperty.MemoryType:
                *(uint*)value = isHost ? 1u : 2u;
                break;
            case PointerProperty.DevicePointer:
                *(ulong*)value = pointer;
                break;
            case PointerProperty.HostPointer when isHost:
                *(ulong*)value = pointer;
                break;
            case PointerProperty.IsManaged:
                *(uint*)value = 0;
                break;
            case PointerProperty.DeviceOrdinal:
                *(int*)value = 0;
                break;
            case PointerProperty.RangeStart:
                *(ulong*)value = start;
                break;
            case PointerProperty.RangeBytes:
                *(nuint*)value = (nuint)bytes;
                break;
            default:
                throw new DriverError(CudaResult.InvalidValue, $"the memory at 0x{pointer:x} has no property {(int)property}");
        }
    });

    private static T** Out<T>(T** pointer) where T : unmanaged =>
        pointer is not null ? pointer : throw new DriverError(CudaResult.InvalidValue, "the place for the pointer is null");

    /// <summary>Frees memory after all work that can use it, as a driver does.</summary>
    private static void Release(Context context, ulong pointer)
    {
        if (!context.Allocations.Contains(pointer))
            throw new DriverError(CudaResult.InvalidValue, $"0x{pointer:x} is not the start of memory that this context allocated, or is freed already");
        context.WaitForAll();
        Call.Gpu.Free(pointer);
        context.Allocations.Remove(pointer);
    }
}
