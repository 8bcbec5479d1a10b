using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Streams.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuStreamCreate))]
    public static CudaResult cuStreamCreate(nint* stream, uint flags) =>
        Guarded(() => *Given(stream) = Call.Context.AddStream(isBlocking: (flags & 1) == 0).Handle);

    [UnmanagedCallersOnly(EntryPoint = nameof(cuStreamCreateWithPriority))]
    public static CudaResult cuStreamCreateWithPriority(nint* stream, uint flags, int priority) =>
        Guarded(() => *Given(stream) = Call.Context.AddStream(isBlocking: (flags & 1) == 0).Handle);

    [UnmanagedCallersOnly(EntryPoint = nameof(cuStreamDestroy_v2))]
    public static CudaResult cuStreamDestroy_v2(nint stream) => Guarded(() =>
    {
        GpuStream gone = Call.Gpu.Handles.Get<GpuStream>(stream, "stream");
        gone.Context.RemoveStream(gone);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuStreamSynchronize))]
    public static CudaResult cuStreamSynchronize(nint stream) => Guarded(() =>
    {
        GpuStream waited = Call.Context.Stream(stream);
        Call.Healthy(waited.Context);
        RefuseCapturing(waited, nameof(cuStreamSynchronize));
        waited.Context.RefuseImplicitCapture(waited);
        waited.Context.WaitFor(waited);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuStreamQuery))]
    public static CudaResult cuStreamQuery(nint stream)
    {
        try
        {
            using var call = new Call();
            GpuStream asked = Call.Context.Stream(stream);
            Call.Healthy(asked.Context);
            RefuseCapturing(asked, nameof(cuStreamQuery));
            if (asked.IsIdle)
            {
                Call.Gpu.WaitedFor(asked.Timeline.Now);
                return CudaResult.Success;
            }
            // A caller that polls waits for progress.
            asked.Context.Advance(asked);
            return CudaResult.NotReady;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuStreamWaitEvent))]
    public static CudaResult cuStreamWaitEvent(nint stream, nint handle, uint flags)
    {
        try
        {
            using var call = new Call();
            GpuStream waiting = Call.Context.Stream(stream);
            GpuEvent awaited = Call.Gpu.Handles.Get<GpuEvent>(handle, "event");
            if (awaited.Captured is { } captured)
                WaitCaptured(waiting, captured.Capture, captured.Behind);
            else if (awaited.Place is { } place && waiting.Capture is { } own)
                throw Spoil(own, CudaResult.StreamCaptureIsolation, "a captured stream cannot wait for an event that was recorded outside the capture");
            else if (awaited.Place is { } point)
                waiting.Wait(point);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuStreamBeginCapture_v2))]
    public static CudaResult cuStreamBeginCapture_v2(nint stream, CaptureMode mode) => Guarded(() =>
    {
        GpuStream begun = Call.Context.Stream(stream);
        if (begun == begun.Context.Legacy)
            throw new DriverError(CudaResult.StreamCaptureUnsupported, "the legacy default stream cannot be captured");
        if (begun.Capture is not null)
            throw new DriverError(CudaResult.IllegalState, "the stream is being captured already");
        begun.Capture = new Capture(begun, mode);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuStreamEndCapture))]
    public static CudaResult cuStreamEndCapture(nint stream, nint* graph) => Guarded(() =>
    {
        GpuStream ended = Call.Context.Stream(stream);
        *Given(graph) = 0;
        if (ended.Capture is not { } capture || capture.Origin != ended)
            throw new DriverError(CudaResult.StreamCaptureUnmatched, "no capture began on this stream");
        if (capture.Mode != CaptureMode.Relaxed && capture.Thread != Environment.CurrentManagedThreadId)
            throw new DriverError(CudaResult.StreamCaptureWrongThread, "the capture was begun by another thread");
        GpuGraph made = Call.Gpu.Handles.Add(capture.End());
        ended.Context.Owned.Add(made);
        *graph = made.Handle;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuStreamIsCapturing))]
    public static CudaResult cuStreamIsCapturing(nint stream, int* status) =>
        Guarded(() => *Given(status) = Call.Context.Stream(stream).Capture is { } capture ? capture.IsInvalid ? 2 : 1 : 0);

    private static void WaitCaptured(GpuStream waiting, Capture capture, GpuGraphNode[] behind)
    {
        if (capture.HasEnded && waiting.Capture is { } own)
            throw Spoil(own, CudaResult.StreamCaptureIsolation, "the event was recorded in a capture that has ended");
        if (capture.HasEnded)
            throw new DriverError(CudaResult.CapturedEvent, "the event was last recorded in a captured stream");
        if (waiting.Capture is { } other && other != capture)
        {
            other.IsInvalid = true;
            throw Spoil(capture, CudaResult.StreamCaptureMerge, "the event belongs to another capture than the stream");
        }
        if (waiting == waiting.Context.Legacy)
            throw Spoil(capture, CudaResult.StreamCaptureImplicit, "the legacy default stream cannot join a capture");
        capture.Join(waiting, behind);
    }

    private static DriverError Spoil(Capture capture, CudaResult code, string message)
    {
        capture.IsInvalid = true;
        return new DriverError(code, message);
    }

    private static void RefuseCapturing(GpuStream stream, string name)
    {
        if (stream.Capture is not { } capture)
            return;
        capture.IsInvalid = true;
        throw new DriverError(CudaResult.StreamCaptureUnsupported, $"{name} is not possible on a stream that is captured");
    }
}
