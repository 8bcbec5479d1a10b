using Sequoia.SoftwareGpu.Check;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>
/// A queue of work, which runs as late as the caller's synchronization allows. A program that omits a wait therefore reads old data every time, not
/// only sometimes. Tickets number the work of a context in the order of the calls.
/// </summary>
/// <param name="context">The stream's context.</param>
/// <param name="isBlocking">Whether the stream and the legacy default stream wait for each other.</param>
internal sealed class GpuStream(Context context, bool isBlocking) : Handled
{
    private readonly Queue<Item> _pending = new();

    private readonly record struct Item(long Ticket, Work Work, Stamp Stamp);

    public Context Context => context;

    public bool IsBlocking => isBlocking;

    public int Pending => _pending.Count;

    public bool IsIdle => Pending == 0;

    /// <summary>The next work, and its ticket. Null if there is none.</summary>
    public (long Ticket, Work Work)? Next => _pending.TryPeek(out Item next) ? (next.Ticket, next.Work) : null;

    /// <summary>What the next work knows to be complete. Null if there is none.</summary>
    public Clock? NextKnows => _pending.TryPeek(out Item next) ? next.Stamp.Known.With(next.Stamp.Slot, next.Stamp.Count - 1) : null;

    public LaunchChain Chain { get; } = new();

    public Timeline Timeline { get; } = context.Gpu.Timelines.Begin();

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
        _pending.Enqueue(new Item(ticket, work, Stamp()));
        return ticket;
    }

    /// <summary>Queues work, and gets the point behind it.</summary>
    public Point EnqueueTo(Work work) => new(this, Enqueue(work), Timeline.Now);

    /// <summary>Makes later work follow a point of a stream.</summary>
    public void Wait(Point point)
    {
        Timeline.Learn(point.Clock);
        Enqueue(new WaitWork(this, point));
    }

    /// <summary>Stamps work of this stream that is queued now.</summary>
    public Stamp Stamp()
    {
        context.LearnLegacyOrder(this);
        return Timeline.Next();
    }

    public void RunAll() => RunUpTo(long.MaxValue);

    /// <summary>Runs all work up to a ticket, and first the work it must wait for.</summary>
    public void RunUpTo(long ticket)
    {
        while (_pending.TryPeek(out Item next) && next.Ticket <= ticket)
            context.Advance(this);
    }

    /// <summary>Runs one item of work, if there is one.</summary>
    public void RunNext()
    {
        if (!_pending.TryPeek(out Item next))
            return;
        context.RunWhatLegacyOrderWants(this, next.Ticket);
        // The earlier work may have been this stream's own, or may have failed.
        if (!_pending.TryPeek(out Item head) || head.Ticket != next.Ticket)
            return;
        _pending.Dequeue();
        try
        {
            Clock += next.Work.Run(context, new Place(next.Stamp, Chain));
        }
        catch (DeviceFault fault)
        {
            context.Break(fault);
            throw new DriverError(context.Broken!.Value, fault.Message);
        }
    }

    public void Forget() => _pending.Clear();
}

/// <summary>A point in a stream, behind all work up to a ticket, and everything that is complete there.</summary>
internal readonly record struct Point(GpuStream Stream, long Ticket, Clock Clock)
{
    public bool IsReached => Stream.Next is not { } next || next.Ticket > Ticket;
}
