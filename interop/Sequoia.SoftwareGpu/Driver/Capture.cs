using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Captures the work of streams as a graph: of the stream where capture began, and of streams that joined by waiting for its events.</summary>
internal sealed class Capture(GpuStream origin, CaptureMode mode)
{
    private readonly List<GpuGraphNode> _nodes = [];
    private readonly List<GpuStream> _streams = [origin];
    // By stream: the nodes that its next work follows.
    private readonly Dictionary<GpuStream, GpuGraphNode[]> _frontiers = new() { [origin] = [] };

    public GpuStream Origin => origin;

    public CaptureMode Mode => mode;

    public int Thread { get; } = Environment.CurrentManagedThreadId;

    /// <summary>Whether a call that cannot be captured invalidated the capture.</summary>
    public bool IsInvalid { get; set; }

    public bool HasEnded { get; private set; }

    public GpuGraphNode[] Frontier(GpuStream stream)
    {
        Validate();
        return _frontiers[stream];
    }

    public void Add(GpuStream stream, Work work)
    {
        Validate();
        var node = new GpuGraphNode(_nodes.Count, _streams.IndexOf(stream), work, _frontiers[stream]);
        _nodes.Add(node);
        _frontiers[stream] = [node];
    }

    /// <summary>Makes a stream wait for nodes. The stream joins the capture if it is not yet part of it.</summary>
    public void Join(GpuStream stream, GpuGraphNode[] behind)
    {
        Validate();
        if (!_frontiers.TryGetValue(stream, out GpuGraphNode[]? own))
        {
            stream.Capture = this;
            _streams.Add(stream);
            own = [];
        }
        _frontiers[stream] = [.. own.Union(behind)];
    }

    /// <summary>Ends the capture on all its streams.</summary>
    public GpuGraph End()
    {
        HasEnded = true;
        foreach (GpuStream stream in _streams)
            stream.Capture = null;
        Validate();
        var reached = new HashSet<GpuGraphNode>();
        var open = new Stack<GpuGraphNode>(_frontiers[origin]);
        while (open.TryPop(out GpuGraphNode? node))
        {
            if (reached.Add(node))
                Array.ForEach(node.Dependencies, open.Push);
        }
        if (reached.Count < _nodes.Count)
            throw new DriverError(CudaResult.StreamCaptureUnjoined, $"{_nodes.Count - reached.Count} captured pieces of work of other streams are not waited for by the stream that the capture began on");
        return new GpuGraph(new GraphShape([.. _nodes]));
    }

    private void Validate()
    {
        if (IsInvalid)
            throw new DriverError(CudaResult.StreamCaptureInvalidated, "a call that cannot be captured was made during the capture");
    }
}
