using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A graph that is ready to launch. The original graph can then change or be destroyed.</summary>
internal sealed class GpuGraphExecutable(GpuGraph graph) : Handled
{
    private Point? _launched;
    private ulong _launches;

    public GraphShape Shape { get; private set; } = graph.Shape;

    /// <summary>Queues a launch. It follows the work in the stream and the launch before it, wherever that was.</summary>
    public void Launch(GpuStream stream)
    {
        var launch = new GraphWork(Shape, _launches++);
        if (stream.Capture is not null)
        {
            stream.Enqueue(launch);
            return;
        }
        if (_launched is { } last && last.Stream != stream)
            stream.Wait(last);
        _launched = stream.EnqueueTo(launch);
    }

    /// <summary>Takes another graph's work if it has the same shape.</summary>
    /// <returns>The outcome, and the node that does not match.</returns>
    public (GraphUpdateOutcome Outcome, GpuGraphNode? Node) Update(GpuGraph other)
    {
        GpuGraphNode[] own = Shape.Nodes, others = other.Shape.Nodes;
        if (own.Length != others.Length)
            return (GraphUpdateOutcome.TopologyChanged, null);
        for (int i = 0; i < own.Length; i++)
        {
            if (!Places(own[i]).SequenceEqual(Places(others[i])))
                return (GraphUpdateOutcome.TopologyChanged, others[i]);
            if (!others[i].Work.CanReplace(own[i].Work))
                return (GraphUpdateOutcome.NodeTypeChanged, others[i]);
        }
        Shape = other.Shape;
        return (GraphUpdateOutcome.Updated, null);
    }

    private static IEnumerable<int> Places(GpuGraphNode node) => node.Dependencies.Select(behind => behind.Index).Order();
}

/// <summary>Captured work. Each node follows the nodes it depends on.</summary>
internal sealed class GpuGraph(GraphShape shape) : Handled
{
    public GraphShape Shape => shape;
}

/// <summary>Work in a graph, after other work. The index is its place in the order of the capture, the stream the number of its captured stream.</summary>
internal sealed class GpuGraphNode(int index, int stream, Work work, GpuGraphNode[] dependencies) : Handled
{
    public int Index => index;

    public int Stream => stream;

    public Work Work => work;

    public GpuGraphNode[] Dependencies => dependencies;
}
