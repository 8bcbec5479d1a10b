using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A graph that is ready to launch. The original graph can then change or be destroyed.</summary>
internal sealed class GpuGraphExecutable(GpuGraph graph) : Handled
{
    public GpuGraphNode[] Nodes { get; private set; } = graph.Nodes;

    /// <summary>Takes another graph's work if it has the same shape.</summary>
    /// <returns>The outcome, and the node that does not match.</returns>
    public (GraphUpdateOutcome Outcome, GpuGraphNode? Node) Update(GpuGraph other)
    {
        GpuGraphNode[] own = Nodes, others = other.Nodes;
        if (own.Length != others.Length)
            return (GraphUpdateOutcome.TopologyChanged, null);
        for (int i = 0; i < own.Length; i++)
        {
            if (!Places(own, own[i]).SequenceEqual(Places(others, others[i])))
                return (GraphUpdateOutcome.TopologyChanged, others[i]);
            if (!others[i].Work.CanReplace(own[i].Work))
                return (GraphUpdateOutcome.NodeTypeChanged, others[i]);
        }
        Nodes = others;
        return (GraphUpdateOutcome.Updated, null);
    }

    private static IEnumerable<int> Places(GpuGraphNode[] all, GpuGraphNode node) =>
        node.Dependencies.Select(behind => Array.IndexOf(all, behind)).Order();
}

/// <summary>Captured work. Each node follows the nodes it depends on.</summary>
internal sealed class GpuGraph(GpuGraphNode[] nodes) : Handled
{
    public GpuGraphNode[] Nodes => nodes;
}

/// <summary>Work in a graph, after other work.</summary>
internal sealed class GpuGraphNode(Work work, GpuGraphNode[] dependencies) : Handled
{
    public Work Work => work;

    public GpuGraphNode[] Dependencies => dependencies;
}
