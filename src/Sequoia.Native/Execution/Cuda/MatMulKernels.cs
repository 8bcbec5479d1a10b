using System.Numerics;
using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Launches the linear layers: matmul.cu, or matmul_scalar.cu where there are no tensor cores for it (before compute capability 8.0).</summary>
internal sealed unsafe class MatMulKernels(CudaKernels kernels, bool tensorCores)
{
    private const int Block = 128;
    private const int LeastTokensLog2 = 3;
    private const int TokenVariants = 4;

    private static readonly string[] Names = ["matmul", "matmul_add", "matmul_silu_mul", "matmul_rope"];

    // By kind and number of tokens; each is compiled when first launched.
    private readonly CudaKernel?[] _kernels = new CudaKernel?[Names.Length * TokenVariants];

    public CudaContext Context => kernels.Context;

    /// <summary>Queues one product. Allocates nothing, but for the first of its kind and number of tokens.</summary>
    /// <param name="kind">What becomes of the sums.</param>
    /// <param name="parameters">Shapes and addresses; <see cref="MatMulShape"/> has the workspace's sizes.</param>
    /// <param name="stream">The stream; null is the default stream.</param>
    public void Launch(MatMulKind kind, in MatMul parameters, CudaStream? stream = null)
    {
        var shape = new MatMulShape(kind, parameters.Outputs, parameters.Columns);
        int rows = parameters.Rows.Count;
        (CudaKernel kernel, Dim3 grid) = tensorCores ? (Tensor(kind, rows), TensorGrid(shape, rows)) : (Scalar(kind), ScalarGrid(shape, rows));
        fixed (MatMul* at = &parameters)
            kernel.Launch(grid, Block, 0, stream, KernelArgument.At(at, sizeof(MatMul)));
    }

    private static Dim3 TensorGrid(MatMulShape shape, int rows)
    {
        (int tokenTiles, int rowTiles, int splits) = shape.GridFor(rows);
        return new Dim3(tokenTiles, rowTiles, splits);
    }

    private static Dim3 ScalarGrid(MatMulShape shape, int rows)
    {
        int units = shape.IsPaired ? shape.Outputs / 2 : shape.Outputs;
        return new Dim3((units + Block - 1) / Block, rows);
    }

    private CudaKernel Tensor(MatMulKind kind, int rows)
    {
        int tokens = MatMulShape.TokensFor(rows);
        ref CudaKernel? kernel = ref _kernels[((int)kind * TokenVariants) + BitOperations.Log2((uint)tokens) - LeastTokensLog2];
        return kernel ??= kernels.Find("matmul", Names[(int)kind], ("TOKENS", tokens));
    }

    private CudaKernel Scalar(MatMulKind kind)
    {
        ref CudaKernel? kernel = ref _kernels[(int)kind * TokenVariants];
        return kernel ??= kernels.Find("matmul_scalar", Names[(int)kind]);
    }
}
