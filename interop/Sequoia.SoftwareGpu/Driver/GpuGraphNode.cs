namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Work of a graph, behind other work.</summary>
internal sealed class GpuGraphNode(Work work, GpuGraphNode[] dependencies) : Handled
{
    public Work Work => work;

    public GpuGraphNode[] Dependencies => dependencies;
}
