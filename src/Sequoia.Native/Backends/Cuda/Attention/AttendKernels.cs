using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// Launches attention: attend.cu on tensor cores, or its scalar twin. A launch depends on the rows and on the maximum length of their sequences, never
/// on the current length, so a captured launch serves every step.
/// </summary>
internal sealed unsafe class AttendKernels
{
    /// <summary>The maximum number of levels of a tree, MOST_LEVELS of attend.cuh: a row's path never reaches its sealed keys.</summary>
    public const int MostLevels = 64;

    private const int Block = 128;
    private const int FewRows = 16;
    private const int ManyRows = 64;
    // From attend.cuh and sealed_partials.cuh.
    private const int SplitKeys = 256;
    private const int SlabKeys = 16;
    private const long MostWorkspaceFloats = 64 << 20;
    private const int MostTailKeys = MostLevels + SlabKeys;
    private const int MostGroup = 16;

    private static readonly int[] TensorHeadDims = [32, 64, 128];
    private static readonly KernelVariant OfScalar = new("attend_scalar", "attend", Block) { HasElement = true };

    private readonly int _headDim;
    private readonly CudaKernel _attend;
    private readonly CudaKernel? _sealedOfFew, _sealedOfMany;

    /// <param name="kernels">Kernels for the type of keys and values.</param>
    /// <param name="headDim">Dimensions of a head.</param>
    /// <param name="tensorCores">Whether to use tensor cores: requires <see cref="HasTensorCores"/>.</param>
    public AttendKernels(CudaKernels kernels, int headDim, bool tensorCores)
    {
        _headDim = headDim;
        if (!tensorCores)
        {
            _attend = kernels.Find(OfScalar);
            return;
        }
        _sealedOfFew = Sealed(kernels, FewRows);
        _sealedOfMany = Sealed(kernels, ManyRows);
        // The tail is the same in both modules.
        _attend = kernels.Find(OfTail(headDim, MostGroup));
        _attend.MaxDynamicSharedBytes = TailSharedBytes(MostGroup);

        CudaKernel Sealed(CudaKernels kernels, int rowTile)
        {
            KernelVariant variant = OfSealed(headDim, rowTile);
            CudaKernel kernel = kernels.Find(variant);
            kernel.MaxDynamicSharedBytes = variant.SharedBytes;
            return kernel;
        }
    }

    /// <summary>All kernels launched here, with the shared memory for this many heads that share a key and value head.</summary>
    public static IReadOnlyList<KernelVariant> Variants(int group) =>
    [
        .. TensorHeadDims.SelectMany(headDim => (KernelVariant[])[OfSealed(headDim, FewRows), OfSealed(headDim, ManyRows), OfTail(headDim, group)]),
        OfScalar,
    ];

    /// <summary>Whether tensor cores support the shape; the scalar twin supports all shapes.</summary>
    /// <param name="headDim">Dimensions of a head.</param>
    /// <param name="group">Heads that share a key and value head.</param>
    /// <param name="computeCapability">The device's compute capability.</param>
    public static bool HasTensorCores(int headDim, int group, Version computeCapability) =>
        TensorHeadDims.Contains(headDim) && group <= MostGroup && computeCapability.Major >= 8;

    /// <summary>The number of rows to compute in one launch, so that the workspace stays within bounds (256 MB, or the need of 64 rows).</summary>
    public static int RowsOfLaunch(int rows, int heads, int positions, int headDim) =>
        (int)Math.Clamp(MostWorkspaceFloats / WorkspaceFloats(1, heads, positions, headDim), Math.Min(rows, ManyRows), rows);

    /// <summary>The floats that <see cref="Attend.Partials"/> needs for launches of up to this many rows; at least 1.</summary>
    public static long WorkspaceFloats(int rows, int heads, int positions, int headDim) =>
        Math.Max(1, (long)SealedSplits(positions - 1) * rows * heads * (headDim + 2));

    /// <summary>An upper bound on the floats that any pass of up to this many rows writes, for sequences of up to this many positions.</summary>
    public static long WorkspaceForAll(int rows, int heads, int positions, int headDim) => Math.Min(
        WorkspaceFloats(rows, heads, positions, headDim), Math.Max(MostWorkspaceFloats, WorkspaceFloats(Math.Min(rows, ManyRows), heads, positions, headDim)));

    /// <summary>Packed rows per tile, for passes whose longest part has this many rows: a tile belongs to one sequence.</summary>
    public static int RowTileFor(int packedRows) => packedRows <= FewRows ? FewRows : ManyRows;

    /// <summary>The maximum number of tiles of a pass.</summary>
    public static int MostTiles(int rows, int parts, int group) => (rows * group / FewRows) + parts + (rows / ManyRows) + 1;

    /// <summary>Queues attention of some rows of a pass, at least one.</summary>
    /// <param name="parameters">Addresses and strides are multiples of 16 bytes.</param>
    /// <param name="tiles">Tiles of the rows.</param>
    /// <param name="rowTile">The maximum number of packed rows per tile (<see cref="RowTileFor"/>).</param>
    /// <param name="stream">The stream; null is the default stream.</param>
    public void Launch(in Attend parameters, int tiles, int rowTile, CudaStream? stream = null)
    {
        int count = parameters.Count, group = parameters.Heads / parameters.KvHeads;
        fixed (Attend* address = &parameters)
        {
            var argument = KernelArgument.At(address, sizeof(Attend));
            if (_sealedOfFew is null || _sealedOfMany is null)
            {
                _attend.Launch(new Dim3(parameters.Heads, count), Block, 0, stream, argument);
                return;
            }
            if (parameters.Splits > 0)
            {
                CudaKernel kernel = rowTile == FewRows ? _sealedOfFew : _sealedOfMany;
                kernel.Launch(new Dim3(tiles, parameters.KvHeads, parameters.Splits), Block, SealedSharedBytes(rowTile), stream, argument);
            }
            _attend.Launch(new Dim3(count, parameters.KvHeads), Block, TailSharedBytes(group), stream, argument);
        }
    }

    /// <summary>The number of keys that tensor cores sum for the row at a position; sealed_keys() of attend.cuh.</summary>
    public static int SealedKeys(int position) => Math.Max(0, position - MostLevels) / SlabKeys * SlabKeys;

    /// <summary>The number of splits of these keys.</summary>
    public static int SealedSplits(int position) => (SealedKeys(position) + SplitKeys - 1) / SplitKeys;

    private int SealedSharedBytes(int rowTile) => SealedSharedBytes(_headDim, rowTile);

    private int TailSharedBytes(int group) => TailSharedBytes(_headDim, group);

    private static int SealedSharedBytes(int headDim, int rowTile) => (rowTile + SplitKeys) * headDim * sizeof(ushort);

    private static int TailSharedBytes(int headDim, int group) =>
        (2 * MostTailKeys * headDim * sizeof(ushort)) + (group * (headDim + MostTailKeys) * sizeof(float));

    private static KernelVariant OfSealed(int headDim, int rowTile) => new("attend", "attend_sealed", Block, ("HEAD_DIM", headDim), ("ROW_TILE", rowTile))
    {
        HasElement = true,
        NeedsTensorCores = true,
        SharedBytes = SealedSharedBytes(headDim, rowTile),
    };

    private static KernelVariant OfTail(int headDim, int group) => new("attend", "attend", Block, ("HEAD_DIM", headDim), ("ROW_TILE", FewRows))
    {
        HasElement = true,
        NeedsTensorCores = true,
        SharedBytes = TailSharedBytes(headDim, group),
    };
}

/// <summary>Parameters of attend.cu and attend_scalar.cu; Attend of attend.cuh, which describes the layouts.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Attend
{
    public nint Queries, Keys, Values, Output, Partials;
    public DevicePass Pass;
    public nint Tiles;
    public int FirstRow, Count, Splits, Heads, KvHeads, Capacity, HeadDim, QueryStride, OutputStride;
    public float Scale;
}
