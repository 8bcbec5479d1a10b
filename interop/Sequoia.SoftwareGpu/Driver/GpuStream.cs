namespace Sequoia.SoftwareGpu.Driver;

/// <summary>
/// A queue of work, which runs as late as the caller's synchronization allows. A program that omits a wait therefore reads old data every time, not
/// only sometimes. Tickets number the work of a context in the order of the calls.
/// </summary>
/// <param name="context">The stream's context.</param>
/// <param name="isBlocking">Whether the stream and the legacy default stream wait for each other.</param>
internal sealed class GpuStream(Context context, bool isBlocking) : Handled
{
    private readonly Queue<(long Ticket, Work Work)> _pending = new();

    public Context Context => context;

    public bool IsBlocking => isBlocking;

    public int Pending => _pending.Count;

    public bool IsIdle => Pending == 0;

    /// <summary>The time at which the completed work ended, in microseconds of the cost model.</summary>
    public double Clock { get; set; }

    /// <summary>The capture that takes the stream's work instead. Null if there is none.</summary>
    public Capture? Capture { get; set; }

    /// <returns>The work's ticket.</returns>
    public long Enqueue(Work work)
    {
        if (Capture is { } capture)
        {
            capture.Add(this, work);
            return 0;
        }
        context.RefuseImplicitCapture(this);
        long ticket = context.NextTicket();
        _pending.Enqueue((ticket, work));
        return ticket;
    }

    public void RunAll() => RunUpTo(long.MaxValue);

    /// <summary>Runs all work up to a ticket, and first the work it must wait for.</summary>
    public void RunUpTo(long ticket)
    {
        while (_pending.TryPeek(out (long Ticket, Work Work) next) && next.Ticket <= ticket)
            RunNext();
    }

    /// <summary>Runs one item of work, if there is one.</summary>
    public void RunNext()
    {
        if (!_pending.TryPeek(out (long Ticket, Work Work) next))
            return;
        context.RunWhatLegacyOrderWants(this, next.Ticket);
        // The earlier work may have been this stream's own, or may have failed.
        if (!_pending.TryPeek(out (long Ticket, Work Work) head) || head.Ticket != next.Ticket)
            return;
        _pending.Dequeue();
        try
        {
            Clock += next.Work.Run(context);
        }
        catch (DeviceFault fault)
        {
            context.Break(fault);
            throw new DriverError(context.Broken!.Value, fault.Message);
        }
    }

    public void Forget() => _pending.Clear();
}
