namespace Sequoia.Interop;

/// <summary>Work of a device in order. Safe for use by several threads, whose work then mixes.</summary>
public sealed unsafe class CudaStream : ContextObject
{
    private const uint NonBlocking = 1;

    private CudaStream(CudaContext context, nint stream, bool owned) : base(context, context, stream, owned)
    {
    }

    /// <summary>Whether all work so far is done.</summary>
    /// <exception cref="CudaException">Some of it failed.</exception>
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

    /// <summary>A stream that somebody else made and will destroy.</summary>
    /// <param name="context">The context it belongs to.</param>
    /// <param name="stream">The handle (CUstream).</param>
    public static CudaStream Wrap(CudaContext context, nint stream)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfZero(stream);
        return new CudaStream(context, stream, owned: false);
    }

    /// <summary>Waits for all work so far.</summary>
    /// <exception cref="CudaException">Some of it failed.</exception>
    public void Synchronize()
    {
        using (Context.Enter())
            Driver.Check(Api.cuStreamSynchronize(Handle));
        GC.KeepAlive(this);
    }

    /// <summary>Work from here on begins after the event.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Wait(CudaEvent mark)
    {
        ArgumentNullException.ThrowIfNull(mark);
        using (Context.Enter())
            Driver.Check(Api.cuStreamWaitEvent(Handle, mark.Handle, 0));
        GC.KeepAlive(this);
        GC.KeepAlive(mark);
    }

    /// <summary>
    /// Records what <paramref name="work"/> puts into the stream instead of doing it. Blocking calls fail meanwhile. The buffers and
    /// modules used must outlive the graph.
    /// </summary>
    /// <exception cref="CudaException">Something was called that cannot be captured.</exception>
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
                // The stream must leave capture whatever happened; the first error is the one to report.
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

    /// <summary>The handle, 0 for the default stream.</summary>
    internal static nint HandleOf(CudaStream? stream) => stream is null ? 0 : stream.Handle;

    private protected override CudaResult Release(nint value) => Api.cuStreamDestroy_v2(value);
}

/// <summary>Which unsafe calls a capture forbids (CUstreamCaptureMode).</summary>
public enum CaptureMode
{
    /// <summary>Those of any thread that began no capture of its own.</summary>
    Global = 0,

    /// <summary>Those of the capturing thread.</summary>
    ThreadLocal = 1,

    /// <summary>None.</summary>
    Relaxed = 2,
}
