using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>
/// A stream of its own. It is a non-blocking one: while it is recorded, other threads may copy through the default stream, as they do when a model is
/// loaded, which a recording of a blocking stream forbids.
/// </summary>
internal sealed class CudaQueue(CudaContext context) : WorkQueue
{
    [ThreadStatic]
    private static CudaStream? t_current;

    private readonly CudaStream _stream = context.CreateStream(nonBlocking: true);

    /// <summary>The stream of the queue that the calling thread is in; null, the default stream, if it is in none.</summary>
    public static CudaStream? Current => t_current;

    public override void Dispose()
    {
        base.Dispose();
        _stream.Dispose();
    }

    protected override void Begin() => t_current = _stream;

    protected override void End() => t_current = null;
}
