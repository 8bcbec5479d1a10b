using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Launches the forward pass's kernels (kernels/scalar): one method a kernel, with the grid that its header asks for.</summary>
internal sealed unsafe class ForwardKernels(CudaKernels kernels, DeviceShapes shapes, CudaStream stream)
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

    public void Embed(CudaWeight table, CudaTreeState state, TreeRows rows, CudaActivations x) =>
        _embed.Launch(rows.Count, Block, 0, stream, table.Data, state.Tokens, shapes.Nodes(rows), x.Data, table.Columns, x.Stride);

    public void RmsNorm(CudaActivations x, int firstRow, int count, CudaVector weight, float epsilon, CudaActivations y) =>
        _rmsNorm.Launch(count, NormBlock, 0, stream, x.Data.At((long)firstRow * x.Stride), weight.Data, y.Data, x.Columns, x.Stride, epsilon);

    public void MatMul(CudaWeight weight, CudaActivations x, CudaActivations y, int rows, bool add) =>
        (add ? _matMulAdd : _matMul).Launch(
            new Dim3((weight.Rows + Block - 1) / Block, rows), Block, 0, stream, weight.Data, x.Data, y.Data, weight.Rows, weight.Columns, x.Stride, y.Stride);

    public void RopeAppend(CudaActivations qkv, CudaRopeTable rope, CudaKvCache cache, int layer, CudaTreeState state, TreeRows rows)
    {
        int all = qkv.Columns / cache.HeadDim;
        PassRows pass = shapes.Pass(state, rows);
        _ropeAppend.Launch(
            new Dim3(all, rows.Count), cache.HeadDim / 2, 0, stream, qkv.Data, rope.Cos, rope.Sin, KernelArgument.At(&pass, sizeof(PassRows)),
            cache.Keys(layer), cache.Values(layer), all - (2 * cache.KvHeads), cache.KvHeads, cache.Capacity, qkv.Stride);
    }

    public void Attend(CudaActivations qkv, CudaKvCache cache, int layer, CudaTreeState state, TreeRows rows, CudaActivations output)
    {
        PassRows pass = shapes.Pass(state, rows);
        _attend.Launch(
            new Dim3(output.Columns / cache.HeadDim, rows.Count), Block, 0, stream, qkv.Data, cache.Keys(layer), cache.Values(layer),
            KernelArgument.At(&pass, sizeof(PassRows)), output.Data, cache.KvHeads, cache.HeadDim, cache.Capacity, qkv.Stride, output.Stride,
            1f / MathF.Sqrt(cache.HeadDim));
    }

    public void SiluMul(CudaActivations gateUp, CudaActivations hidden, int rows) =>
        _siluMul.Launch(rows, Block, 0, stream, gateUp.Data, hidden.Data, hidden.Columns, gateUp.Stride, hidden.Stride);
}
