namespace Sequoia.SoftwareGpu.Driver;

/// <summary>An event: the point in a stream where it was last recorded, and whether that point was reached.</summary>
internal sealed class GpuEvent(Context context, bool hasTime) : Handled
{
    private long _generation;

    public Context Context => context;

    public bool HasTime => hasTime;

    /// <summary>The point where the event was last recorded. Null if it was never recorded.</summary>
    public Point? Place { get; private set; }

    public bool HasHappened { get; private set; } = true;

    /// <summary>The stream's clock when the event completed, in microseconds of the cost model.</summary>
    public double Time { get; private set; }

    /// <summary>The capture in which the event was last recorded, with the nodes it follows there.</summary>
    public (Capture Capture, GpuGraphNode[] Behind)? Captured { get; private set; }

    public void Record(GpuStream stream)
    {
        if (stream.Capture is { } capture)
        {
            Captured = (capture, capture.Frontier(stream));
            return;
        }
        Captured = null;
        HasHappened = false;
        Place = stream.EnqueueTo(new RecordWork(this, stream, ++_generation));
    }

    /// <summary>Only the most recent recording counts.</summary>
    public void Happen(long generation, double time)
    {
        if (generation == _generation)
            (HasHappened, Time) = (true, time);
    }
}
