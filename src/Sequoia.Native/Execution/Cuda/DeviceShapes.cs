using System.Runtime.CompilerServices;
using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Shapes of trees and rows on the device, brought there when first used and kept as long as they live on the host.</summary>
internal sealed class DeviceShapes(CudaContext context) : IDisposable
{
    private readonly ConditionalWeakTable<TokenTree, CudaTree> _trees = [];
    private readonly ConditionalWeakTable<TreeRows, DeviceBuffer<int>> _nodes = [];

    /// <summary>The rows of a pass as kernels see them.</summary>
    public PassRows Pass(CudaTreeState state, TreeRows rows)
    {
        CudaTree tree = Tree(rows.Tree);
        return new()
        {
            State = state.State,
            Nodes = Nodes(rows).Handle,
            Depths = tree.Depths.Handle,
            Paths = tree.Paths.Handle,
            Count = rows.Count,
            Levels = rows.Tree.Levels,
            Ahead = rows.Prefix - state.Committed,
        };
    }

    public void Dispose()
    {
        foreach ((_, CudaTree tree) in _trees)
            tree.Dispose();
        foreach ((_, DeviceBuffer<int> nodes) in _nodes)
            nodes.Dispose();
    }

    /// <summary>The node of each row.</summary>
    public DeviceBuffer<int> Nodes(TreeRows rows) => _nodes.GetValue(rows, all => new DeviceParts(context, $"a list of {all.Nodes.Length} nodes").Upload(all.Nodes));

    private CudaTree Tree(TokenTree tree) => _trees.GetValue(tree, shape => new CudaTree(context, shape));
}
