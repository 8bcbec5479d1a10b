using System.Numerics;
using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>Launches the linear layers: matmul.cu, or matmul_scalar.cu on devices without the tensor cores (before compute capability 8.0).</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="tensorCores">Whether the device has tensor cores.</param>
/// <param name="enoughTiles">The number of tiles of a product that fully occupies the device. No result depends on it.</param>
internal sealed unsafe class MatMulKernels(CudaKernels kernels, bool tensorCores, int enoughTiles = 128)
{
    private const int Block = 256;
    private const int ScalarBlock = 128;
    private const int LeastTokensLog2 = 3;
    private const int TokenVariants = 5;

    private static readonly MatMulKind[] s_kinds = Enum.GetValues<MatMulKind>();
    private static readonly string[] Names = ["matmul", "matmul_add", "matmul_silu_mul", "matmul_rope"];

    // By kind and number of tokens; each is compiled when first launched.
    private readonly CudaKernel?[] _kernels = new CudaKernel?[Names.Length * TokenVariants];

    /// <summary>All kernels launched here.</summary>
    public static IReadOnlyList<KernelVariant> Variants =>
    [
        .. from exponent in Enumerable.Range(LeastTokensLog2, TokenVariants) from kind in s_kinds select OfTensor(kind, 1 << exponent),
        .. s_kinds.Select(OfScalar),
    ];

    public CudaContext Context => kernels.Context;

    /// <summary>Floats of workspace that passes of up to this many rows need. Concurrent products each need their own.</summary>
    public long PartialsFor(MatMulShape shape, int mostRows) => tensorCores ? Grid(shape, mostRows).Largest.Partials : 0;

    /// <summary>The number of counters that passes of up to this many rows need. They are 0 before the first launch, and after each.</summary>
    public int CountersFor(MatMulShape shape, int mostRows) => tensorCores ? Grid(shape, mostRows).Largest.Counters : 0;

    /// <summary>Compiles the kernels for products of this many rows.</summary>
    public void Prepare(int rows)
    {
        foreach (MatMulKind kind in s_kinds)
            _ = tensorCores ? Tensor(kind, MatMulGrid.TokensFor(rows)) : Scalar(kind);
    }

    public MatMulGrid Grid(MatMulShape shape, int rows) => new(shape, rows, enoughTiles);

    /// <summary>Queues one product. Compiles its kernel unless <see cref="Prepare"/> already has.</summary>
    /// <param name="kind">The epilogue.</param>
    /// <param name="parameters">Sizes and addresses; the number of splits is set here.</param>
    /// <param name="stream">The stream; null is the default stream.</param>
    public void Launch(MatMulKind kind, in MatMul parameters, CudaStream? stream = null)
    {
        var shape = new MatMulShape(kind, parameters.Outputs, parameters.Columns);
        MatMul all = parameters;
        all.Splits = shape.Splits;
        MatMulGrid grid = Grid(shape, parameters.Pass.Count);
        (CudaKernel kernel, Dim3 blocks) = tensorCores
            ? (Tensor(kind, grid.Tokens), new Dim3(grid.TokenTiles, shape.RowTiles, grid.Splits))
            : (Scalar(kind), new Dim3((shape.Units + ScalarBlock - 1) / ScalarBlock, parameters.Pass.Count));
        kernel.Launch(blocks, tensorCores ? Block : ScalarBlock, tensorCores ? SharedBytes(grid.Tokens) : 0, stream, KernelArgument.At(&all, sizeof(MatMul)));
    }

    private CudaKernel Tensor(MatMulKind kind, int tokens)
    {
        ref CudaKernel? kernel = ref _kernels[((int)kind * TokenVariants) + BitOperations.Log2((uint)tokens) - LeastTokensLog2];
        if (kernel is null)
        {
            kernel = kernels.Find(OfTensor(kind, tokens));
            kernel.MaxDynamicSharedBytes = SharedBytes(tokens);
        }
        return kernel;
    }

    private CudaKernel Scalar(MatMulKind kind)
    {
        ref CudaKernel? kernel = ref _kernels[(int)kind * TokenVariants];
        return kernel ??= kernels.Find(OfScalar(kind));
    }

    // STAGES of weights and of rows of x.
    private static int SharedBytes(int tokens) => (tokens == MatMulGrid.MostTokens ? 3 : 4) * (WeightBlocks.Rows + tokens) * OperandBlocks.Columns * sizeof(ushort);

    private static KernelVariant OfTensor(MatMulKind kind, int tokens) =>
        new("matmul", Names[(int)kind], Block, ("TOKENS", tokens)) { HasElement = true, NeedsTensorCores = true, SharedBytes = SharedBytes(tokens) };

    private static KernelVariant OfScalar(MatMulKind kind) => new("matmul_scalar", Names[(int)kind], ScalarBlock) { HasElement = true };
}

/// <summary>Parameters of matmul.cu and matmul_scalar.cu; MatMul of epilogue.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MatMul
{
    public nint Weight, X, Y, Partials, Arrived, Cos, Sin, Keys, Values, NormWeight, Normed;
    public DeviceNorm Norm;
    public DevicePass Pass;
    public int Outputs, Columns, Splits, XRows, YStride, YRows, Heads, KvHeads, HeadDim, Capacity, FirstNormed;
}

/// <summary>The epilogue of a matrix product, one kernel each (epilogue.cuh).</summary>
internal enum MatMulKind
{
    /// <summary>matmul: y = sum.</summary>
    Plain,

    /// <summary>matmul_add: y += sum.</summary>
    Add,

    /// <summary>matmul_silu_mul: y = silu(gate) up, for pairs.</summary>
    SiluMul,

    /// <summary>matmul_rope: rotated queries and keys, and values, for pairs.</summary>
    Rope,
}
