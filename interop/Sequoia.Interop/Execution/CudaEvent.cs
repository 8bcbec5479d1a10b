namespace Sequoia.Interop;

/// <summary>A mark in a stream: others can wait for it, and the time between two can be measured. Safe for use by several threads.</summary>
public sealed unsafe class CudaEvent : ContextObject
{
    private const uint DisableTiming = 2;

    private CudaEvent(CudaContext context, nint handle, bool owned) : base(context, context, handle, owned)
    {
    }

    /// <summary>Whether the work before the mark is done; true if it was never recorded.</summary>
    /// <exception cref="CudaException">That work failed.</exception>
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

    /// <summary>An event that somebody else made and will destroy.</summary>
    /// <param name="context">The context it belongs to.</param>
    /// <param name="handle">The handle (CUevent).</param>
    public static CudaEvent Wrap(CudaContext context, nint handle)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfZero(handle);
        return new CudaEvent(context, handle, owned: false);
    }

    /// <summary>The time between two events that have happened, by the device's clock, to about half a microsecond.</summary>
    /// <exception cref="CudaException">One was not recorded, has not happened, or keeps no time.</exception>
    public static TimeSpan Elapsed(CudaEvent start, CudaEvent end)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(end);
        float milliseconds;
        using (start.Context.Enter())
            start.Driver.Check(start.Api.cuEventElapsedTime(&milliseconds, start.Handle, end.Handle));
        GC.KeepAlive(start);
        GC.KeepAlive(end);
        return TimeSpan.FromTicks((long)(milliseconds * (double)TimeSpan.TicksPerMillisecond));
    }

    /// <summary>Puts the mark behind the work that is in the stream now; null is the default stream.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Record(CudaStream? stream = null)
    {
        using (Context.Enter())
            Driver.Check(Api.cuEventRecord(Handle, CudaStream.HandleOf(stream)));
        GC.KeepAlive(this);
        GC.KeepAlive(stream);
    }

    /// <summary>Waits for the work before the mark.</summary>
    /// <exception cref="CudaException">That work failed.</exception>
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
