using System.Runtime.CompilerServices;
using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Shapes of trees and rows on the device, brought there when first used and kept as long as they live on the host.</summary>
internal sealed class DeviceShapes(CudaContext context)
{
    private readonly ConditionalWeakTable<TokenTree, CudaTree> _trees = [];
    private readonly ConditionalWeakTable<TreeRows, DeviceBuffer<int>> _nodes = [];

    public CudaTree Tree(TokenTree tree) => _trees.GetValue(tree, shape => new CudaTree(context, shape));

    /// <summary>The node of each row.</summary>
    public DeviceBuffer<int> Nodes(TreeRows rows) => _nodes.GetValue(rows, all => context.Upload<int>(all.Nodes));
}
