namespace Sequoia.Interop;

/// <summary>A marker in a stream. Other streams can wait for it, and the time between two events can be measured. Thread-safe.</summary>
public sealed unsafe class CudaEvent : ContextObject
{
    private const uint DisableTiming = 2;

    private CudaEvent(CudaContext context, nint handle, bool owned) : base(context, context, handle, owned)
    {
    }

    /// <summary>Whether the work before the event is complete. True if the event was never recorded.</summary>
    /// <exception cref="CudaException">The work before the event failed.</exception>
    public bool HasHappened
    {
        get
        {
            using (Context.Enter())
            {
                CudaResult result = Api.cuEventQuery(Handle);
                if (result == CudaResult.NotReady)
                    return false;
                Driver.Check(result, nameof(DriverTable.cuEventQuery));
                return true;
            }
        }
    }

    /// <summary>Wraps an event that the caller owns and destroys.</summary>
    /// <param name="context">The context that the event belongs to.</param>
    /// <param name="handle">The handle (CUevent).</param>
    public static CudaEvent Wrap(CudaContext context, nint handle)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfZero(handle);
        return new CudaEvent(context, handle, owned: false);
    }

    /// <summary>Gets the time between two completed events, by the device's clock, to about half a microsecond.</summary>
    /// <exception cref="CudaException">An event is not recorded, is not complete, or does not record times.</exception>
    public static TimeSpan Elapsed(CudaEvent start, CudaEvent end) => TimeSpan.FromSeconds(SecondsBetween(start, end));

    /// <summary>The same in seconds, without rounding to 100 ns.</summary>
    internal static double SecondsBetween(CudaEvent start, CudaEvent end)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(end);
        float milliseconds;
        using (start.Context.Enter())
            start.Driver.Check(start.Api.cuEventElapsedTime(&milliseconds, start.Handle, end.Handle));
        GC.KeepAlive(start);
        GC.KeepAlive(end);
        return milliseconds / 1e3;
    }

    /// <summary>Records the event after the work now in the stream. If the stream is null, the default stream is used.</summary>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void Record(CudaStream? stream = null)
    {
        using (Context.Enter())
            Driver.Check(Api.cuEventRecord(Handle, CudaStream.HandleOf(stream)));
        GC.KeepAlive(this);
        GC.KeepAlive(stream);
    }

    /// <summary>Waits for the work before the event.</summary>
    /// <exception cref="CudaException">The work before the event failed.</exception>
    public void Synchronize()
    {
        using (Context.Enter())
            Driver.Check(Api.cuEventSynchronize(Handle));
        GC.KeepAlive(this);
    }

    internal static CudaEvent Create(CudaContext context, bool timing)
    {
        nint handle;
        using (context.Enter())
            context.Driver.Check(context.Api.cuEventCreate(&handle, timing ? 0 : DisableTiming));
        return new CudaEvent(context, handle, owned: true);
    }

    private protected override CudaResult Release(nint value) => Api.cuEventDestroy_v2(value);
}
