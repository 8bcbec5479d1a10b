namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Captured work, each node behind those it depends on.</summary>
internal sealed class GpuGraph(GpuGraphNode[] nodes) : Handled
{
    public GpuGraphNode[] Nodes => nodes;
}
