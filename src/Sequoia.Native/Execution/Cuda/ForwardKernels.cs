using System.Runtime.CompilerServices;
using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Launches the forward pass's kernels (kernels/scalar): one method a kernel, with the grid that its header asks for.</summary>
internal sealed class ForwardKernels(CudaContext context, CudaKernels kernels)
{
    private const int Block = 128;
    private const int NormBlock = 256;

    // As long as the tree, or the rows, live.
    private readonly ConditionalWeakTable<TokenTree, CudaTree> _trees = [];
    private readonly ConditionalWeakTable<TreeRows, DeviceBuffer<int>> _nodes = [];

    public void Embed(CudaWeight table, DeviceBuffer<int> tokens, TreeRows rows, CudaActivations x) =>
        kernels["scalar/embed", "embed", table.Element].Launch(rows.Count, Block, table.Data, tokens, Nodes(rows), x.Data, table.Columns);

    public void RmsNorm(CudaActivations x, int firstRow, int count, CudaVector weight, float epsilon, CudaActivations y) =>
        kernels["scalar/rms_norm", "rms_norm", default].Launch(count, NormBlock, x.Data.At((long)firstRow * x.Columns), weight.Data, y.Data, x.Columns, epsilon);

    public void MatMul(CudaWeight weight, CudaActivations x, CudaActivations y, int rows, bool add) =>
        kernels["scalar/matmul", add ? "matmul_add" : "matmul", weight.Element].Launch(
            new Dim3((weight.Rows + Block - 1) / Block, rows), Block, weight.Data, x.Data, y.Data, weight.Rows, weight.Columns);

    public void RopeAppend(CudaActivations qkv, CudaRopeTable rope, CudaKvCache cache, int layer, TreeRows rows)
    {
        int all = qkv.Columns / cache.HeadDim;
        kernels["scalar/rope_append", "rope_append", cache.Element].Launch(
            new Dim3(all, rows.Count), cache.HeadDim / 2, qkv.Data, rope.Cos, rope.Sin, Nodes(rows), Tree(rows).Depths,
            cache.Keys(layer), cache.Values(layer), all - (2 * cache.KvHeads), cache.KvHeads, cache.Capacity, rows.Prefix);
    }

    public void Attend(CudaActivations qkv, CudaKvCache cache, int layer, TreeRows rows, CudaActivations output)
    {
        CudaTree tree = Tree(rows);
        kernels["scalar/attend", "attend", cache.Element].Launch(
            new Dim3(output.Columns / cache.HeadDim, rows.Count), Block, qkv.Data, cache.Keys(layer), cache.Values(layer), Nodes(rows),
            tree.Depths, tree.Paths, output.Data, cache.KvHeads, cache.HeadDim, cache.Capacity, rows.Prefix, rows.Tree.Levels,
            1f / MathF.Sqrt(cache.HeadDim));
    }

    public void SiluMul(CudaActivations gateUp, CudaActivations hidden, int rows) =>
        kernels["scalar/silu_mul", "silu_mul", default].Launch(rows, Block, gateUp.Data, hidden.Data, hidden.Columns);

    private CudaTree Tree(TreeRows rows) => _trees.GetValue(rows.Tree, tree => new CudaTree(context, tree));

    private DeviceBuffer<int> Nodes(TreeRows rows) => _nodes.GetValue(rows, all => context.Upload<int>(all.Nodes));
}
