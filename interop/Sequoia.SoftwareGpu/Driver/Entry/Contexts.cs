using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Contexts.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuDevicePrimaryCtxRetain))]
    public static CudaResult cuDevicePrimaryCtxRetain(nint* context, int device) => Guarded(() =>
    {
        Call.CheckDevice(device);
        *Given(context) = Call.Gpu.RetainPrimary().Handle;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDevicePrimaryCtxRelease_v2))]
    public static CudaResult cuDevicePrimaryCtxRelease_v2(int device) => Guarded(() =>
    {
        Call.CheckDevice(device);
        Call.Gpu.ReleasePrimary();
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxCreate_v2))]
    public static CudaResult cuCtxCreate_v2(nint* context, uint flags, int device) => Guarded(() =>
    {
        Call.CheckDevice(device);
        Given(context);
        Context made = Call.Gpu.CreateContext();
        Call.Contexts.Push(made);
        *context = made.Handle;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxDestroy_v2))]
    public static CudaResult cuCtxDestroy_v2(nint context) => Guarded(() =>
    {
        Context gone = Named(context);
        if (Call.Contexts.TryPeek(out Context? current) && current == gone)
            Call.Contexts.Pop();
        gone.Destroy();
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxSetCurrent))]
    public static CudaResult cuCtxSetCurrent(nint context) => Guarded(() =>
    {
        Context? wanted = context == 0 ? null : Named(context);
        Call.Contexts.TryPop(out _);
        if (wanted is not null)
            Call.Contexts.Push(wanted);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetCurrent))]
    public static CudaResult cuCtxGetCurrent(nint* context) =>
        Guarded((nint)context, static to => *Given((nint*)to) = Call.Contexts.TryPeek(out Context? current) ? current.Handle : 0);

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxPushCurrent_v2))]
    public static CudaResult cuCtxPushCurrent_v2(nint context) => Guarded(context, static context => Call.Contexts.Push(Named(context)));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxPopCurrent_v2))]
    public static CudaResult cuCtxPopCurrent_v2(nint* context) => Guarded((nint)context, static to =>
    {
        if (!Call.Contexts.TryPop(out Context? popped))
            throw new DriverError(CudaResult.InvalidContext, "the calling thread has no current context");
        if (to != 0)
            *(nint*)to = popped.Handle;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetDevice))]
    public static CudaResult cuCtxGetDevice(int* device) => Guarded(() =>
    {
        _ = Call.Context;
        *Given(device) = 0;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxSynchronize))]
    public static CudaResult cuCtxSynchronize() => Guarded(() =>
    {
        Call.Context.RefuseDuringCapture(nameof(cuCtxSynchronize));
        Call.Context.WaitForAll();
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetApiVersion))]
    public static CudaResult cuCtxGetApiVersion(nint context, uint* version) => Guarded(() =>
    {
        Named(context);
        *Given(version) = 3020;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetCacheConfig))]
    public static CudaResult cuCtxGetCacheConfig(int* config) => Guarded(() =>
    {
        _ = Call.Context;
        *Given(config) = 0;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxSetCacheConfig))]
    public static CudaResult cuCtxSetCacheConfig(int config) => Guarded(() => _ = Call.Context);

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetSharedMemConfig))]
    public static CudaResult cuCtxGetSharedMemConfig(int* config) => Guarded(() =>
    {
        _ = Call.Context;
        *Given(config) = 1;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxSetSharedMemConfig))]
    public static CudaResult cuCtxSetSharedMemConfig(int config) => Guarded(() => _ = Call.Context);

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxEnablePeerAccess))]
    public static CudaResult cuCtxEnablePeerAccess(nint peer, uint flags)
    {
        try
        {
            using var call = new Call();
            Named(peer);
            throw new DriverError(CudaResult.InvalidDevice, "a device is not its own peer");
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxDisablePeerAccess))]
    public static CudaResult cuCtxDisablePeerAccess(nint peer)
    {
        try
        {
            using var call = new Call();
            Named(peer);
            throw new DriverError((CudaResult)705, "peer access was not enabled");
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    private static Context Named(nint handle) => Call.Gpu.Handles.Get<Context>(handle, "context", CudaResult.InvalidContext);
}
