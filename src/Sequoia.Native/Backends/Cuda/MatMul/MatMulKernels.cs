using System.Numerics;
using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>Launches the linear layers: one source for all products of a device, so that a row's bits never depend on the number of rows.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="source">The source; see <see cref="SourceFor"/>.</param>
/// <param name="enoughTiles">The number of tiles of a product that fully occupies the device. No result depends on it.</param>
internal sealed unsafe class MatMulKernels(CudaKernels kernels, MatMulSource source, int enoughTiles = 128)
{
    private const int Block = 256;
    private const int HopperBlock = 288;
    private const int BarrierBytes = 16;
    private const int ScalarBlock = 128;
    private const int LeastTokensLog2 = 3;
    private const int TokenVariants = 5;

    private static readonly MatMulKind[] s_kinds = Enum.GetValues<MatMulKind>();
    private static readonly string[] Names = ["matmul", "matmul_add", "matmul_silu_mul", "matmul_rope"];

    // By kind and number of tokens; each is compiled when first launched.
    private readonly PassKernel?[] _kernels = new PassKernel?[Names.Length * TokenVariants];

    /// <summary>All kernels launched here.</summary>
    public static IReadOnlyList<KernelVariant> Variants =>
    [
        .. from source in (MatMulSource[])[MatMulSource.TensorCores, MatMulSource.Hopper]
           from exponent in Enumerable.Range(LeastTokensLog2, TokenVariants)
           from kind in s_kinds
           select OfTensor(source, kind, 1 << exponent),
        .. s_kinds.Select(OfScalar),
    ];

    public CudaContext Context => kernels.Context;

    private bool HasTiles => source != MatMulSource.Scalar;

    /// <summary>The source for a device.</summary>
    /// <param name="computeCapability">The device's.</param>
    /// <param name="compiler">NVRTC's version: Hopper's own instructions came with 12.0.</param>
    /// <param name="isReplaced">Whether matmul.cu is the user's, which then also takes the place of Hopper's.</param>
    public static MatMulSource SourceFor(Version computeCapability, Version compiler, bool isReplaced) =>
        !KernelTarget.TensorCores.RunsOn(computeCapability) ? MatMulSource.Scalar
        : KernelTarget.Hopper.RunsOn(computeCapability) && compiler.Major >= 12 && !isReplaced ? MatMulSource.Hopper : MatMulSource.TensorCores;

    /// <summary>Floats of workspace that passes of up to this many rows need. Concurrent products each need their own.</summary>
    public long PartialsFor(MatMulShape shape, int mostRows) => HasTiles ? Grid(shape, mostRows).Largest.Partials : 0;

    /// <summary>The number of counters that passes of up to this many rows need. They are 0 before the first launch, and after each.</summary>
    public int CountersFor(MatMulShape shape, int mostRows) => HasTiles ? Grid(shape, mostRows).Largest.Counters : 0;

    /// <summary>Compiles the kernels for products of this many rows.</summary>
    public void Prepare(int rows)
    {
        foreach (MatMulKind kind in s_kinds)
            _ = HasTiles ? Tensor(kind, MatMulGrid.TokensFor(rows)) : Scalar(kind);
    }

    public MatMulGrid Grid(MatMulShape shape, int rows) => new(shape, rows, enoughTiles);

    /// <summary>Queues one product. Compiles its kernel unless <see cref="Prepare"/> already has.</summary>
    /// <param name="kind">The epilogue.</param>
    /// <param name="parameters">Sizes and addresses; the number of splits is set here.</param>
    /// <param name="stream">The stream; null is the default stream.</param>
    /// <param name="startsEarly">See <see cref="PassKernel.Launch"/>: kernels read weights before they wait for earlier kernels.</param>
    public void Launch(MatMulKind kind, in MatMul parameters, CudaStream? stream = null, bool startsEarly = true)
    {
        var shape = new MatMulShape(kind, parameters.Outputs, parameters.Columns);
        MatMul all = parameters;
        all.Splits = shape.Splits;
        MatMulGrid grid = Grid(shape, parameters.Pass.Count);
        KernelArgument argument = KernelArgument.At(&all, sizeof(MatMul));
        if (HasTiles)
            Tensor(kind, grid.Tokens).Launch(new Dim3(grid.TokenTiles, shape.RowTiles, grid.Splits), BlockOf(source), SharedBytes(source, grid.Tokens), stream, argument, startsEarly);
        else
            Scalar(kind).Launch(new Dim3((shape.Units + ScalarBlock - 1) / ScalarBlock, parameters.Pass.Count), ScalarBlock, 0, stream, argument, startsEarly);
    }

    private PassKernel Tensor(MatMulKind kind, int tokens)
    {
        ref PassKernel? kernel = ref _kernels[((int)kind * TokenVariants) + BitOperations.Log2((uint)tokens) - LeastTokensLog2];
        if (kernel is null)
        {
            kernel = kernels.FindForPass(OfTensor(source, kind, tokens));
            kernel.MaxDynamicSharedBytes = SharedBytes(source, tokens);
        }
        return kernel;
    }

    private PassKernel Scalar(MatMulKind kind)
    {
        ref PassKernel? kernel = ref _kernels[(int)kind * TokenVariants];
        return kernel ??= kernels.FindForPass(OfScalar(kind));
    }

    private static int BlockOf(MatMulSource source) => source == MatMulSource.Hopper ? HopperBlock : Block;

    // STAGES of weights and of rows of x; and what Hopper's ring has behind them.
    private static int SharedBytes(MatMulSource source, int tokens)
    {
        bool isHoppers = source == MatMulSource.Hopper;
        int stages = isHoppers ? tokens switch { 32 => 5, 64 => 4, _ => 6 } : tokens == MatMulGrid.MostTokens ? 3 : 4;
        int stage = (WeightBlocks.Rows + tokens) * OperandBlocks.Columns * sizeof(ushort);
        return isHoppers ? (stages * (stage + BarrierBytes)) + (sizeof(float) * tokens) + BarrierBytes : stages * stage;
    }

    private static KernelVariant OfTensor(MatMulSource source, MatMulKind kind, int tokens) => new(NameOf(source), Names[(int)kind], BlockOf(source), ("TOKENS", tokens))
    {
        HasElement = true,
        IsDependent = source == MatMulSource.Hopper,
        Target = source == MatMulSource.Hopper ? KernelTarget.Hopper : KernelTarget.TensorCores,
        SharedBytes = SharedBytes(source, tokens),
    };

    private static string NameOf(MatMulSource source) => source switch
    {
        MatMulSource.Scalar => "matmul_scalar",
        MatMulSource.Hopper => "matmul_sm90",
        _ => "matmul",
    };

    private static KernelVariant OfScalar(MatMulKind kind) => new(NameOf(MatMulSource.Scalar), Names[(int)kind], ScalarBlock) { HasElement = true };
}

/// <summary>The kernels that compute products.</summary>
internal enum MatMulSource
{
    /// <summary>matmul_scalar.cu.</summary>
    Scalar,

    /// <summary>matmul.cu, from compute capability 8.0 on.</summary>
    TensorCores,

    /// <summary>matmul_sm90.cu, on compute capability 9.0.</summary>
    Hopper,
}

/// <summary>Parameters of all sources; MatMul of epilogue.cuh.</summary>
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
