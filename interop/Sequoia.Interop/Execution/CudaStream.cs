namespace Sequoia.Interop;

/// <summary>A queue of work that a device runs in order. Thread-safe; work from several threads interleaves.</summary>
public sealed unsafe class CudaStream : ContextObject
{
    private const uint NonBlocking = 1;

    private CudaStream(CudaContext context, nint stream, bool owned) : base(context, context, stream, owned)
    {
    }

    /// <summary>Whether all work queued so far is complete.</summary>
    /// <exception cref="CudaException">Some of the work failed.</exception>
    public bool IsIdle
    {
        get
        {
            using (Context.Enter())
            {
                CudaResult result = Api.cuStreamQuery(Handle);
                if (result == CudaResult.NotReady)
                    return false;
                Driver.Check(result, nameof(DriverTable.cuStreamQuery));
                return true;
            }
        }
    }

    /// <summary>Wraps a stream that the caller owns and destroys.</summary>
    /// <param name="context">The context that the stream belongs to.</param>
    /// <param name="stream">The handle (CUstream).</param>
    public static CudaStream Wrap(CudaContext context, nint stream)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfZero(stream);
        return new CudaStream(context, stream, owned: false);
    }

    /// <summary>Waits for all work queued so far.</summary>
    /// <exception cref="CudaException">Some of the work failed.</exception>
    public void Synchronize()
    {
        using (Context.Enter())
            Driver.Check(Api.cuStreamSynchronize(Handle));
        GC.KeepAlive(this);
    }

    /// <summary>Makes all later work in the stream wait for the event.</summary>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void Wait(CudaEvent mark)
    {
        ArgumentNullException.ThrowIfNull(mark);
        using (Context.Enter())
            Driver.Check(Api.cuStreamWaitEvent(Handle, mark.Handle, 0));
        GC.KeepAlive(this);
        GC.KeepAlive(mark);
    }

    /// <summary>
    /// Captures the work that <paramref name="work"/> queues instead of running it. Blocking calls fail during the capture. The buffers and modules
    /// used must outlive the graph.
    /// </summary>
    /// <remarks>
    /// Another stream joins the capture when it waits for an event that was recorded on a captured stream (<see cref="CudaEvent.Record"/>,
    /// <see cref="Wait"/>); work in both is then unordered. This stream must in the end wait for an event behind all work of the others. Nothing in the
    /// capture can wait for an event from outside of it.
    /// </remarks>
    /// <exception cref="CudaException">An operation cannot be captured.</exception>
    public CudaGraph Capture(Action work, CaptureMode mode = CaptureMode.ThreadLocal)
    {
        ArgumentNullException.ThrowIfNull(work);
        using (Context.Enter())
        {
            Driver.Check(Api.cuStreamBeginCapture_v2(Handle, mode));
            nint graph = 0;
            try
            {
                work();
            }
            catch
            {
                // The stream must always leave capture mode. The first error is the one to report.
                if (Api.cuStreamEndCapture(Handle, &graph) == CudaResult.Success && graph != 0)
                    _ = Api.cuGraphDestroy(graph);
                throw;
            }
            Driver.Check(Api.cuStreamEndCapture(Handle, &graph));
            GC.KeepAlive(this);
            return new CudaGraph(Context, graph);
        }
    }

    internal static CudaStream Create(CudaContext context, bool nonBlocking)
    {
        nint stream;
        using (context.Enter())
            context.Driver.Check(context.Api.cuStreamCreate(&stream, nonBlocking ? NonBlocking : 0));
        return new CudaStream(context, stream, owned: true);
    }

    /// <summary>The stream's handle, or 0 for the default stream.</summary>
    internal static nint HandleOf(CudaStream? stream) => stream is null ? 0 : stream.Handle;

    private protected override CudaResult Release(nint value) => Api.cuStreamDestroy_v2(value);
}

/// <summary>The unsafe calls that a capture forbids (CUstreamCaptureMode).</summary>
public enum CaptureMode
{
    /// <summary>Unsafe calls from any thread that has not begun a capture of its own.</summary>
    Global = 0,

    /// <summary>Unsafe calls from the capturing thread.</summary>
    ThreadLocal = 1,

    /// <summary>No calls.</summary>
    Relaxed = 2,
}
