using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>
/// A stream. It is a non-blocking one: while it is recorded, other threads may copy through the default stream, as they do when a model is
/// loaded, which a recording of a blocking stream forbids.
/// </summary>
internal sealed class CudaQueue(CudaContext context) : WorkQueue
{
    private readonly CudaStream _stream = context.CreateStream(nonBlocking: true);

    public static CudaStream StreamOf(WorkQueue queue) => ((CudaQueue)queue)._stream;

    public override void Dispose()
    {
        base.Dispose();
        _stream.Dispose();
    }
}
