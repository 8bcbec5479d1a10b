using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Events.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuEventCreate))]
    public static CudaResult cuEventCreate(nint* handle, uint flags) => Guarded(() =>
    {
        Given(handle);
        Context context = Call.Context;
        GpuEvent made = Call.Gpu.Handles.Add(new GpuEvent(context, hasTime: (flags & 2) == 0));
        context.Owned.Add(made);
        *handle = made.Handle;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuEventDestroy_v2))]
    public static CudaResult cuEventDestroy_v2(nint handle) => Guarded(() =>
    {
        GpuEvent gone = Event(handle);
        gone.Context.Remove(gone);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuEventRecord))]
    public static CudaResult cuEventRecord(nint handle, nint stream) => Guarded(() =>
    {
        Context context = Call.Context;
        Event(handle).Record(context.Stream(stream));
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuEventSynchronize))]
    public static CudaResult cuEventSynchronize(nint handle) => Guarded(() =>
    {
        GpuEvent awaited = Uncaptured(handle);
        if (awaited.Place is not { } place)
            return;
        place.Stream.RunUpTo(place.Ticket);
        Call.Gpu.WaitedFor(place.Clock);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuEventQuery))]
    public static CudaResult cuEventQuery(nint handle)
    {
        try
        {
            using var call = new Call();
            GpuEvent asked = Uncaptured(handle);
            if (asked.Place is not { } place)
                return CudaResult.Success;
            if (asked.HasHappened)
            {
                Call.Gpu.WaitedFor(place.Clock);
                return CudaResult.Success;
            }
            // A caller that polls waits for progress.
            place.Stream.Context.Advance(place.Stream);
            return CudaResult.NotReady;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuEventElapsedTime))]
    public static CudaResult cuEventElapsedTime(float* milliseconds, nint start, nint end)
    {
        try
        {
            using var call = new Call();
            Given(milliseconds);
            GpuEvent from = Uncaptured(start), to = Uncaptured(end);
            if (!from.HasTime || !to.HasTime || from.Place is null || to.Place is null)
                throw new DriverError(CudaResult.InvalidHandle, "both events must have been recorded, and made with times");
            if (!from.HasHappened || !to.HasHappened)
                return CudaResult.NotReady;
            *milliseconds = (float)((to.Time - from.Time) / 1000);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    private static GpuEvent Event(nint handle) => Call.Gpu.Handles.Get<GpuEvent>(handle, "event");

    private static GpuEvent Uncaptured(nint handle)
    {
        GpuEvent item = Event(handle);
        Call.Healthy(item.Context);
        return item.Captured is null ? item : throw new DriverError(CudaResult.CapturedEvent, "the event was last recorded in a captured stream");
    }
}
