using System.Runtime.CompilerServices;
using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Shapes of trees and rows on the device, brought there when first used and kept as long as they live on the host.</summary>
internal sealed class DeviceShapes(CudaContext context)
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

    /// <summary>The node of each row.</summary>
    public DeviceBuffer<int> Nodes(TreeRows rows) => _nodes.GetValue(rows, all => context.Upload<int>(all.Nodes));

    private CudaTree Tree(TokenTree tree) => _trees.GetValue(tree, shape => new CudaTree(context, shape));
}
