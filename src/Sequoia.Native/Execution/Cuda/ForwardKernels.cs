using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Launches the forward pass's kernels (kernels/scalar): one method a kernel, with the grid that its header asks for.</summary>
internal sealed class ForwardKernels(CudaKernels kernels, DeviceShapes shapes)
{
    private const int Block = 128;
    private const int NormBlock = 256;

    private readonly CudaKernel _embed = kernels.Find("embed", "embed");
    private readonly CudaKernel _rmsNorm = kernels.Find("rms_norm", "rms_norm");
    private readonly CudaKernel _matMul = kernels.Find("matmul", "matmul");
    private readonly CudaKernel _matMulAdd = kernels.Find("matmul", "matmul_add");
    private readonly CudaKernel _ropeAppend = kernels.Find("rope_append", "rope_append");
    private readonly CudaKernel _attend = kernels.Find("attend", "attend");
    private readonly CudaKernel _siluMul = kernels.Find("silu_mul", "silu_mul");

    public void Embed(CudaWeight table, DeviceBuffer<int> tokens, TreeRows rows, CudaActivations x) =>
        _embed.Launch(rows.Count, Block, table.Data, tokens, shapes.Nodes(rows), x.Data, table.Columns, x.Stride);

    public void RmsNorm(CudaActivations x, int firstRow, int count, CudaVector weight, float epsilon, CudaActivations y) =>
        _rmsNorm.Launch(count, NormBlock, x.Data.At((long)firstRow * x.Stride), weight.Data, y.Data, x.Columns, x.Stride, epsilon);

    public void MatMul(CudaWeight weight, CudaActivations x, CudaActivations y, int rows, bool add) =>
        (add ? _matMulAdd : _matMul).Launch(
            new Dim3((weight.Rows + Block - 1) / Block, rows), Block, weight.Data, x.Data, y.Data, weight.Rows, weight.Columns, x.Stride, y.Stride);

    public void RopeAppend(CudaActivations qkv, CudaRopeTable rope, CudaKvCache cache, int layer, TreeRows rows)
    {
        int all = qkv.Columns / cache.HeadDim;
        _ropeAppend.Launch(
            new Dim3(all, rows.Count), cache.HeadDim / 2, qkv.Data, rope.Cos, rope.Sin, shapes.Nodes(rows), shapes.Tree(rows.Tree).Depths,
            cache.Keys(layer), cache.Values(layer), all - (2 * cache.KvHeads), cache.KvHeads, cache.Capacity, rows.Prefix, qkv.Stride);
    }

    public void Attend(CudaActivations qkv, CudaKvCache cache, int layer, TreeRows rows, CudaActivations output)
    {
        CudaTree tree = shapes.Tree(rows.Tree);
        _attend.Launch(
            new Dim3(output.Columns / cache.HeadDim, rows.Count), Block, qkv.Data, cache.Keys(layer), cache.Values(layer), shapes.Nodes(rows),
            tree.Depths, tree.Paths, output.Data, cache.KvHeads, cache.HeadDim, cache.Capacity, rows.Prefix, rows.Tree.Levels, qkv.Stride, output.Stride,
            1f / MathF.Sqrt(cache.HeadDim));
    }

    public void SiluMul(CudaActivations gateUp, CudaActivations hidden, int rows) =>
        _siluMul.Launch(rows, Block, gateUp.Data, hidden.Data, hidden.Columns, gateUp.Stride, hidden.Stride);
}
