using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Contexts.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuDevicePrimaryCtxRetain))]
    public static CudaResult cuDevicePrimaryCtxRetain(nint* context, int device)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(device);
            *Given(context) = Call.Gpu.RetainPrimary().Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDevicePrimaryCtxRelease_v2))]
    public static CudaResult cuDevicePrimaryCtxRelease_v2(int device)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(device);
            Call.Gpu.ReleasePrimary();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxCreate_v2))]
    public static CudaResult cuCtxCreate_v2(nint* context, uint flags, int device)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(device);
            Given(context);
            Context made = Call.Gpu.CreateContext();
            Call.Contexts.Push(made);
            *context = made.Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxDestroy_v2))]
    public static CudaResult cuCtxDestroy_v2(nint context)
    {
        try
        {
            using var call = new Call();
            Context gone = Named(context);
            if (Call.Contexts.TryPeek(out Context? current) && current == gone)
                Call.Contexts.Pop();
            gone.Destroy();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxSetCurrent))]
    public static CudaResult cuCtxSetCurrent(nint context)
    {
        try
        {
            using var call = new Call();
            Context? wanted = context == 0 ? null : Named(context);
            Call.Contexts.TryPop(out _);
            if (wanted is not null)
                Call.Contexts.Push(wanted);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetCurrent))]
    public static CudaResult cuCtxGetCurrent(nint* context)
    {
        try
        {
            using var call = new Call();
            *Given(context) = Call.Contexts.TryPeek(out Context? current) ? current.Handle : 0;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxPushCurrent_v2))]
    public static CudaResult cuCtxPushCurrent_v2(nint context)
    {
        try
        {
            using var call = new Call();
            Call.Contexts.Push(Named(context));
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxPopCurrent_v2))]
    public static CudaResult cuCtxPopCurrent_v2(nint* context)
    {
        try
        {
            using var call = new Call();
            if (!Call.Contexts.TryPop(out Context? popped))
                throw new DriverError(CudaResult.InvalidContext, "the calling thread has no current context");
            if (context is not null)
                *context = popped.Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetDevice))]
    public static CudaResult cuCtxGetDevice(int* device)
    {
        try
        {
            using var call = new Call();
            _ = Call.Context;
            *Given(device) = 0;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxSynchronize))]
    public static CudaResult cuCtxSynchronize()
    {
        try
        {
            using var call = new Call();
            Call.Context.RefuseDuringCapture(nameof(cuCtxSynchronize));
            Call.Context.Synchronize();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetApiVersion))]
    public static CudaResult cuCtxGetApiVersion(nint context, uint* version)
    {
        try
        {
            using var call = new Call();
            Named(context);
            *Given(version) = 3020;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetCacheConfig))]
    public static CudaResult cuCtxGetCacheConfig(int* config)
    {
        try
        {
            using var call = new Call();
            _ = Call.Context;
            *Given(config) = 0;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxSetCacheConfig))]
    public static CudaResult cuCtxSetCacheConfig(int config)
    {
        try
        {
            using var call = new Call();
            _ = Call.Context;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxGetSharedMemConfig))]
    public static CudaResult cuCtxGetSharedMemConfig(int* config)
    {
        try
        {
            using var call = new Call();
            _ = Call.Context;
            *Given(config) = 1;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuCtxSetSharedMemConfig))]
    public static CudaResult cuCtxSetSharedMemConfig(int config)
    {
        try
        {
            using var call = new Call();
            _ = Call.Context;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

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
