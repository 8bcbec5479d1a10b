namespace Sequoia.SoftwareGpu.Driver;

/// <summary>One launch of an instantiated graph, as it was when launched.</summary>
internal sealed class GraphWork(GpuGraphNode[] nodes) : Work
{
    public override double Run(Context context)
    {
        double microseconds = CostModel.GraphLaunch;
        // Nodes stand in an order in which each comes behind those it depends on.
        foreach (GpuGraphNode node in nodes)
            microseconds += node.Work.Run(context);
        return microseconds;
    }

    public override bool CanReplace(Work other) => other is GraphWork;
}
