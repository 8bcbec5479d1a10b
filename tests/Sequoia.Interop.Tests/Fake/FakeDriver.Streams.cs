using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests;

internal static unsafe partial class FakeDriver
{
    [UnmanagedCallersOnly]
    private static CudaResult StreamCreate(nint* stream, uint flags) => Make("stream", stream);

    [UnmanagedCallersOnly]
    private static CudaResult StreamDestroy(nint stream)
    {
        Note("cuStreamDestroy_v2");
        return Drop("stream", stream);
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamSynchronize(nint stream) => Note("cuStreamSynchronize");

    [UnmanagedCallersOnly]
    private static CudaResult StreamQuery(nint stream) => Note("cuStreamQuery");

    [UnmanagedCallersOnly]
    private static CudaResult StreamWaitEvent(nint stream, nint mark, uint flags) => Note("cuStreamWaitEvent");

    [UnmanagedCallersOnly]
    private static CudaResult BeginCapture(nint stream, CaptureMode mode) => Note("cuStreamBeginCapture_v2");

    [UnmanagedCallersOnly]
    private static CudaResult EndCapture(nint stream, nint* graph)
    {
        if (Note("cuStreamEndCapture") is var result and not CudaResult.Success)
            return result;
        return Make("graph", graph);
    }

    [UnmanagedCallersOnly]
    private static CudaResult IsCapturing(nint stream, int* status)
    {
        *status = 0;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult EventCreate(nint* handle, uint flags) => Make("event", handle);

    [UnmanagedCallersOnly]
    private static CudaResult EventDestroy(nint handle) => Drop("event", handle);

    [UnmanagedCallersOnly]
    private static CudaResult EventRecord(nint handle, nint stream) => Note("cuEventRecord");

    [UnmanagedCallersOnly]
    private static CudaResult EventQuery(nint handle) => Note("cuEventQuery");

    [UnmanagedCallersOnly]
    private static CudaResult EventElapsed(float* milliseconds, nint start, nint end)
    {
        *milliseconds = end > start ? 1.5f : -1.5f;
        return Note("cuEventElapsedTime");
    }
}
