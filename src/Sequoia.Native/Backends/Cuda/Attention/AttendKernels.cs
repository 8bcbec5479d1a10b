using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// Launches attention: attend.cu on tensor cores, or its scalar twin. A launch depends on the rows and on the maximum length of their sequences, never
/// on the current length, so a captured launch serves every step.
/// </summary>
internal sealed unsafe class AttendKernels
{
    /// <summary>The maximum number of levels of a tree, so that a row's path is in at most two tiles of keys.</summary>
    public const int MostLevels = 64;

    private const int Block = 128;
    private const int Warps = 4;
    private const int FewRows = 16;
    private const int ManyRows = 64;
    // From attend.cuh and attend_partials.cuh.
    private const int SplitKeys = 256;
    private const int MostTreeTiles = 2;
    private const int MostGroup = 16;
    private const long MostWorkspaceFloats = 64 << 20;

    private static readonly int[] TensorHeadDims = [32, 64, 128];
    private static readonly KernelVariant OfScalar = new("attend_scalar", "attend", Block) { HasElement = true };

    private readonly int _sharedBytes;
    private readonly PassKernel? _scalar, _ofFew, _ofMany;

    /// <param name="kernels">Kernels for the type of keys and values.</param>
    /// <param name="headDim">Dimensions of a head.</param>
    /// <param name="tensorCores">Whether to use tensor cores: requires <see cref="HasTensorCores"/>.</param>
    public AttendKernels(CudaKernels kernels, int headDim, bool tensorCores)
    {
        _sharedBytes = SharedBytes(headDim);
        if (tensorCores)
            (_ofFew, _ofMany) = (Find(FewRows), Find(ManyRows));
        else
            _scalar = kernels.FindForPass(OfScalar);

        PassKernel Find(int rowTile)
        {
            PassKernel kernel = kernels.FindForPass(OfTensor(headDim, rowTile));
            kernel.MaxDynamicSharedBytes = _sharedBytes;
            return kernel;
        }
    }

    /// <summary>All kernels launched here.</summary>
    public static IReadOnlyList<KernelVariant> Variants =>
        [.. TensorHeadDims.SelectMany(headDim => (KernelVariant[])[OfTensor(headDim, FewRows), OfTensor(headDim, ManyRows)]), OfScalar];

    /// <summary>Whether tensor cores support the shape; the scalar twin supports all shapes.</summary>
    /// <param name="headDim">Dimensions of a head.</param>
    /// <param name="group">Heads that share a key and value head.</param>
    /// <param name="computeCapability">The device's compute capability.</param>
    public static bool HasTensorCores(int headDim, int group, Version computeCapability) =>
        TensorHeadDims.Contains(headDim) && group <= MostGroup && KernelTarget.TensorCores.RunsOn(computeCapability);

    /// <summary>The number of rows to compute in one launch, so that the workspace stays within bounds (256 MB, or the need of 64 rows).</summary>
    public static int RowsOfLaunch(int rows, int heads, int positions, int headDim) =>
        (int)Math.Clamp(MostWorkspaceFloats / WorkspaceFloats(1, heads, positions, headDim), Math.Min(rows, ManyRows), rows);

    /// <summary>The floats that <see cref="Attend.Partials"/> needs for launches of up to this many rows.</summary>
    public static long WorkspaceFloats(int rows, int heads, int positions, int headDim) =>
        (long)(Splits(positions) + MostTreeTiles) * rows * heads * (headDim + 2);

    /// <summary>An upper bound on the floats that any pass of up to this many rows writes, for sequences of up to this many positions.</summary>
    public static long WorkspaceForAll(int rows, int heads, int positions, int headDim) => Math.Min(
        WorkspaceFloats(rows, heads, positions, headDim), Math.Max(MostWorkspaceFloats, WorkspaceFloats(Math.Min(rows, ManyRows), heads, positions, headDim)));

    /// <summary>Packed rows per tile, for passes whose longest part has this many rows: ROW_TILE of attend.cu.</summary>
    public static int RowTileFor(int rows, int group) => rows * group <= FewRows ? FewRows : ManyRows;

    /// <summary>Rows per tile, which belong to one sequence.</summary>
    public static int RowsOfTile(int rowTile, int group) => rowTile / Math.Min(group, rowTile);

    /// <summary>The maximum number of tiles of a pass.</summary>
    public static int MostTiles(int rows, int parts, int group) => (rows / RowsOfTile(FewRows, group)) + parts + (rows / ManyRows) + 1;

    /// <summary>The number of splits of the keys of a sequence with this many positions.</summary>
    public static int Splits(int positions) => (positions + SplitKeys - 1) / SplitKeys;

    /// <summary>Queues attention of some rows of a pass, at least one.</summary>
    /// <param name="parameters">Addresses and strides are multiples of 16 bytes.</param>
    /// <param name="rowTile">The maximum number of packed rows per tile (<see cref="RowTileFor"/>).</param>
    /// <param name="isTree">Whether any row is a node below the root of its tree.</param>
    /// <param name="stream">The stream; null is the default stream.</param>
    public void Launch(in Attend parameters, int rowTile, bool isTree, CudaStream? stream = null)
    {
        fixed (Attend* address = &parameters)
        {
            var argument = KernelArgument.At(address, sizeof(Attend));
            if (_scalar is not null)
            {
                _scalar.Launch(new Dim3(parameters.Heads, parameters.Count), Block, 0, stream, argument);
                return;
            }
            int treeBlocks = isTree ? MostTreeTiles * ((parameters.Count + Warps - 1) / Warps) : 0;
            PassKernel kernel = rowTile == FewRows ? _ofFew! : _ofMany!;
            kernel.Launch(new Dim3((parameters.TileCount * parameters.Splits) + treeBlocks, parameters.KvHeads), Block, _sharedBytes, stream, argument);
        }
    }

    private static int SharedBytes(int headDim) => SplitKeys * headDim * sizeof(ushort);

    private static KernelVariant OfTensor(int headDim, int rowTile) => new("attend", "attend", Block, ("HEAD_DIM", headDim), ("ROW_TILE", rowTile))
    {
        HasElement = true,
        IsDependent = true,
        Target = KernelTarget.TensorCores,
        SharedBytes = SharedBytes(headDim),
    };
}

/// <summary>Parameters of attend.cu and attend_scalar.cu; Attend of attend.cuh, which describes the layouts.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Attend
{
    public nint Queries, Keys, Values, Output, Partials, Arrived;
    public DevicePass Pass;
    public nint Tiles;
    public int TileCount, FirstRow, Count, Splits, Heads, KvHeads, Group, Capacity, HeadDim, QueryStride, OutputRows;
    public float Scale;
}
