using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>A tree's shape on the device.</summary>
internal sealed class CudaTree : IDisposable
{
    private readonly DeviceParts _parts;

    public CudaTree(CudaContext context, TokenTree tree)
    {
        int[] depths = new int[tree.Size], paths = new int[tree.Size * tree.Levels];
        for (int node = 0; node < tree.Size; node++)
        {
            depths[node] = tree.Depth(node);
            tree.Path(node).CopyTo(paths.AsSpan(node * tree.Levels));
        }
        _parts = new DeviceParts(context, $"the shape of {tree.Size} nodes");
        (Depths, Paths) = (_parts.Upload(depths), _parts.Upload(paths));
    }

    public DeviceBuffer<int> Depths { get; }

    /// <summary>[node][level]: the nodes from the root down, as many as the node's depth and one.</summary>
    public DeviceBuffer<int> Paths { get; }

    public void Dispose() => _parts.Dispose();
}
