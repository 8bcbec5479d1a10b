using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>
/// A context: its streams, its memory, and the error that ends it. As on a GPU, a kernel fault breaks the context permanently: every later call
/// returns the same code.
/// </summary>
internal sealed class Context : Handled
{
    // A real GPU would have started long before. The limit also bounds how deep streams can wait for each other.
    private const int MostPending = 1024;

    private readonly List<GpuStream> _streams = [];
    private readonly Dictionary<int, GpuStream> _perThread = [];
    // Of streams that were destroyed since the host last waited for everything.
    private readonly List<Timeline> _ended = [];
    private long _tickets;
    private ulong _random;

    public Context(Gpu gpu)
    {
        Gpu = gpu;
        Legacy = new GpuStream(this, isBlocking: true);
    }

    public Gpu Gpu { get; }

    public DeviceLimits Limits { get; } = DeviceLimits.Current;

    /// <summary>The default stream, which synchronizes with all blocking streams.</summary>
    public GpuStream Legacy { get; }

    /// <summary>The code of the fault that broke the context.</summary>
    public CudaResult? Broken { get; private set; }

    public string? BrokenBy { get; private set; }

    /// <summary>The objects that are destroyed with the context.</summary>
    public HashSet<ulong> Allocations { get; } = [];

    public HashSet<Handled> Owned { get; } = [];

    public IEnumerable<GpuStream> Streams => _streams.Append(Legacy);

    public GpuStream AddStream(bool isBlocking)
    {
        GpuStream stream = Gpu.Handles.Add(new GpuStream(this, isBlocking));
        Owned.Add(stream);
        _streams.Add(stream);
        return stream;
    }

    public void RemoveStream(GpuStream stream)
    {
        stream.RunAll();
        if (stream.Capture is { } capture)
            capture.IsInvalid = true;
        if (stream.IsBlocking)
            Legacy.Timeline.Learn(stream.Timeline);
        _ended.Add(stream.Timeline);
        Gpu.Timelines.End(stream.Timeline);
        _streams.Remove(stream);
        Remove(stream);
    }

    public void Remove(Handled item)
    {
        Owned.Remove(item);
        Gpu.Handles.Remove(item);
    }

    /// <summary>Gets the stream that a caller names: 0 and 1 are the legacy default stream, 2 is the calling thread's own.</summary>
    public GpuStream Stream(nint handle)
    {
        if (handle is 0 or 1)
            return Legacy;
        if (handle == 2)
        {
            int thread = Environment.CurrentManagedThreadId;
            if (!_perThread.TryGetValue(thread, out GpuStream? own))
                _perThread[thread] = own = AddStream(isBlocking: true);
            return own;
        }
        return Gpu.Handles.Get<GpuStream>(handle, "stream");
    }

    public long NextTicket()
    {
        if (Streams.Sum(stream => stream.Pending) >= MostPending)
            Synchronize();
        return ++_tickets;
    }

    /// <summary>Runs all queued work, in the order of the calls as far as streams depend on each other.</summary>
    public void Synchronize()
    {
        foreach (GpuStream stream in Streams.ToArray())
            stream.RunAll();
    }

    /// <summary>Waits for all queued work.</summary>
    public void WaitForAll()
    {
        Synchronize();
        foreach (Timeline timeline in Streams.Select(stream => stream.Timeline).Concat(_ended))
            Gpu.Timelines.WaitFor(timeline.Now);
        _ended.Clear();
        Gpu.ForgetKnown();
    }

    /// <summary>Waits for the work in a stream, and if it is the legacy default stream, for the work of the streams that it waits for.</summary>
    public void WaitFor(GpuStream stream)
    {
        if (stream == Legacy)
        {
            RunWhatLegacyOrderWants(Legacy, long.MaxValue);
            LearnLegacyOrder(Legacy);
        }
        stream.RunAll();
        Gpu.WaitedFor(stream.Timeline.Now);
    }

    /// <summary>Runs at least one item of work, so that in the end a stream has none left.</summary>
    public void Advance(GpuStream stream)
    {
        LaunchOptions options = SoftwareDriver.Options;
        if (options.StreamOrder == StreamOrder.AsQueued)
        {
            stream.RunNext();
            return;
        }
        List<(long Number, Work Work)> ready = [];
        List<GpuStream> streams = [];
        foreach (GpuStream other in Streams)
        {
            if (other.Next is { } next && CanRun(other, next.Ticket, next.Work))
            {
                ready.Add(next);
                streams.Add(other);
            }
        }
        // Nothing can run if all waits for another context's stream: the wait runs that one.
        ulong random = options.Seed ^ (++_random << 32);
        (ready.Count == 0 ? stream : streams[WorkOrder.Pick(ready, options.StreamOrder, ref random)]).RunNext();
    }

    /// <summary>Makes a stream's next work know of the work that <see cref="RunWhatLegacyOrderWants"/> runs before it.</summary>
    public void LearnLegacyOrder(GpuStream stream)
    {
        if (stream == Legacy)
        {
            foreach (GpuStream other in _streams)
            {
                if (other.IsBlocking)
                    stream.Timeline.Learn(other.Timeline);
            }
        }
        else if (stream.IsBlocking)
        {
            stream.Timeline.Learn(Legacy.Timeline);
        }
    }

    private bool CanRun(GpuStream stream, long ticket, Work work)
    {
        if (work is WaitWork { Awaited.IsReached: false })
            return false;
        if (stream != Legacy)
            return !stream.IsBlocking || Legacy.Next is not { } next || next.Ticket > ticket;
        return _streams.All(other => !other.IsBlocking || other.Next is not { } next || next.Ticket > ticket);
    }

    /// <summary>Work in the legacy stream follows all earlier work in blocking streams, and their work follows its earlier work.</summary>
    public void RunWhatLegacyOrderWants(GpuStream stream, long ticket)
    {
        if (stream == Legacy)
        {
            foreach (GpuStream other in _streams.ToArray())
            {
                if (other.IsBlocking)
                    other.RunUpTo(ticket - 1);
            }
        }
        else if (stream.IsBlocking)
        {
            Legacy.RunUpTo(ticket - 1);
        }
    }

    public void Break(DeviceFault fault)
    {
        (Broken, BrokenBy) = (Failure.CodeOf(fault.Kind), fault.Message);
        foreach (GpuStream stream in Streams)
            stream.Forget();
    }

    /// <summary>Rejects a call that is not allowed during stream capture, and invalidates the captures it affects.</summary>
    public void RefuseDuringCapture(string call)
    {
        foreach (GpuStream stream in Streams)
        {
            if (stream.Capture is { } capture && (capture.Mode == CaptureMode.Global
                || (capture.Mode == CaptureMode.ThreadLocal && capture.Thread == Environment.CurrentManagedThreadId)))
            {
                capture.IsInvalid = true;
                throw new DriverError(CudaResult.StreamCaptureUnsupported, $"{call} is not possible while a stream is captured");
            }
        }
    }

    /// <summary>The legacy stream waits for blocking streams. A capture cannot express this.</summary>
    public void RefuseImplicitCapture(GpuStream stream)
    {
        if (stream != Legacy)
            return;
        foreach (GpuStream other in _streams)
        {
            if (other.IsBlocking && other.Capture is { } capture)
            {
                capture.IsInvalid = true;
                throw new DriverError(CudaResult.StreamCaptureImplicit, "work on the legacy default stream would wait for a stream that is captured; make that stream non-blocking or use another one");
            }
        }
    }

    /// <summary>Destroys the context with everything it owns.</summary>
    public void Destroy()
    {
        // Nothing is left to run if the context is broken.
        WaitForAll();
        foreach (GpuStream stream in Streams)
            Gpu.Timelines.End(stream.Timeline);
        foreach (Module module in Owned.OfType<Module>())
            module.Unload();
        if (Allocations.Count > 0)
            SoftwareDriver.Leak([.. Gpu.Of(this)]);
        foreach (ulong allocation in Allocations)
            Gpu.Free(allocation);
        foreach (Handled item in Owned.ToArray())
            Remove(item);
        Gpu.Handles.Remove(this);
    }
}
