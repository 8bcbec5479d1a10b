using Sequoia.SoftwareGpu.Check;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>The nodes of a graph, in the order of the capture, so that each follows the nodes it depends on.</summary>
internal sealed class GraphShape(GpuGraphNode[] nodes)
{
    // By node, a bit for each node that is complete before it starts.
    private ulong[][]? _behind;

    public GpuGraphNode[] Nodes => nodes;

    /// <summary>Whether a node starts only after another one is complete.</summary>
    public bool Follows(int node, int other) => ((_behind ??= Behind())[node][other >> 6] >> other & 1) != 0;

    /// <summary>The nodes in an order that their dependencies allow.</summary>
    public IEnumerable<GpuGraphNode> InOrder(StreamOrder order, ulong seed)
    {
        if (order == StreamOrder.AsQueued)
            return nodes;
        int[] missing = [.. nodes.Select(node => node.Dependencies.Length)];
        ILookup<int, GpuGraphNode> next = nodes
            .SelectMany(node => node.Dependencies.Select(behind => (behind.Index, Node: node)))
            .ToLookup(pair => pair.Index, pair => pair.Node);
        List<(long Number, Work Work)> ready = [.. nodes.Where(node => node.Dependencies.Length == 0).Select(node => ((long)node.Index, node.Work))];
        var sorted = new List<GpuGraphNode>(nodes.Length);
        while (ready.Count > 0)
        {
            int pick = WorkOrder.Pick(ready, order, ref seed);
            GpuGraphNode node = nodes[ready[pick].Number];
            ready.RemoveAt(pick);
            sorted.Add(node);
            foreach (GpuGraphNode follower in next[node.Index])
            {
                if (--missing[follower.Index] == 0)
                    ready.Add((follower.Index, follower.Work));
            }
        }
        return sorted;
    }

    private ulong[][] Behind()
    {
        ulong[][] behind = new ulong[nodes.Length][];
        foreach (GpuGraphNode node in nodes)
        {
            ulong[] own = behind[node.Index] = new ulong[(nodes.Length + 63) / 64];
            foreach (GpuGraphNode before in node.Dependencies)
            {
                own[before.Index >> 6] |= 1UL << before.Index;
                for (int word = 0; word < own.Length; word++)
                    own[word] |= behind[before.Index][word];
            }
        }
        return behind;
    }
}

/// <summary>One launch of a graph, at a place.</summary>
internal sealed class GraphRun(GraphShape shape, Place at)
{
    private readonly Dictionary<int, LaunchChain> _chains = [];

    public GraphShape Shape => shape;

    public Place At => at;

    /// <summary>The launches of the captured stream that a node is from.</summary>
    public LaunchChain ChainOf(GpuGraphNode node) =>
        _chains.TryGetValue(node.Stream, out LaunchChain? chain) ? chain : _chains[node.Stream] = new LaunchChain();
}

/// <summary>Where work runs: in a stream, or as a node in a launch of a graph there.</summary>
internal readonly record struct Place(Stamp Stamp, LaunchChain Chain, GraphRun? Run = null, int Node = 0)
{
    /// <summary>Whether the other work is complete before this work starts.</summary>
    public bool Follows(Place other)
    {
        // A graph can be a node of another one: the innermost launch that both belong to decides.
        for (Place theirs = other; theirs.Run is { } run; theirs = run.At)
        {
            for (Place own = this; own.Run is { } ownRun; own = ownRun.At)
            {
                if (ownRun == run)
                    return run.Shape.Follows(own.Node, theirs.Node);
            }
        }
        return Stamp.Follows(other.Stamp);
    }

    public override string ToString() => Run is null ? $"number {Stamp.Count} of stream {Stamp.Slot}" : $"node {Node} of the graph";
}
