using System.Numerics;
using System.Runtime.InteropServices;
using Sequoia.Interop;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>Launches the kernels that draw and verify: draw_children.cu and verify_tree.cu.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="block">Threads per block, if not each kernel's own number. No result depends on it.</param>
internal sealed unsafe class SamplingKernels(CudaKernels kernels, int? block = null)
{
    /// <summary>The maximum number of children of a node.</summary>
    public const int MostChildren = 512;

    private const int TileTokens = 64;
    private const int LeastScratch = 16 << 10;

    private static readonly (string Source, string Kernel, string Macro, int Threads)
        s_scaleRows = ("draw_children", "scale_rows", "SCALE_THREADS", 1024),
        s_drawChildren = ("draw_children", "draw_children", "DRAW_THREADS", 256),
        s_verifyTree = ("verify_tree", "verify_tree", "VERIFY_THREADS", 1024);

    // Each is compiled when first prepared.
    private readonly Lazy<CudaKernel> _scaleRows = new(() => kernels.Find(Of(s_scaleRows, 0, block)));
    private readonly Lazy<CudaKernel> _drawChildren = new(() => kernels.Find(Of(s_drawChildren, 0, block)));
    private readonly Lazy<CudaKernel> _verifyTree = new(() => kernels.Find(Of(s_verifyTree, 0, block)));

    /// <summary>All kernels launched here, with the shared memory for rows of this many tokens.</summary>
    public static IReadOnlyList<KernelVariant> Variants(int vocabulary) =>
        [Of(s_scaleRows, vocabulary, null), Of(s_drawChildren, vocabulary, null), Of(s_verifyTree, vocabulary, null)];

    /// <summary>Floats of a tree of sums over a row's tiles: one per tile, rounded up to a power of two.</summary>
    public static int SumTree(int vocabulary) => (int)BitOperations.RoundUpToPowerOf2((uint)((vocabulary + TileTokens - 1) / TileTokens));

    /// <summary>Bytes of dynamic shared memory: two trees of sums, or a histogram.</summary>
    public static int Scratch(int vocabulary) => Math.Max(LeastScratch, 2 * sizeof(float) * SumTree(vocabulary));

    /// <summary>Checks that rows of this many tokens fit the kernels' shared memory.</summary>
    public void Prepare(int vocabulary)
    {
        PrepareDraw(vocabulary);
        PrepareVerify(vocabulary);
    }

    public void PrepareDraw(int vocabulary)
    {
        Prepare(_scaleRows.Value, vocabulary);
        Prepare(_drawChildren.Value, vocabulary);
    }

    public void PrepareVerify(int vocabulary) => Prepare(_verifyTree.Value, vocabulary);

    public void DrawChildren(in DrawChildren parameters, int rows, CudaStream? stream = null)
    {
        int scratch = Scratch(parameters.Vocabulary);
        fixed (DrawChildren* at = &parameters)
        {
            var argument = KernelArgument.At(at, sizeof(DrawChildren));
            _scaleRows.Value.Launch(new Dim3(parameters.Workspace.ScaleParts, rows), block ?? s_scaleRows.Threads, scratch, stream, argument);
            _drawChildren.Value.Launch(new Dim3(parameters.Workspace.Parts, rows), block ?? s_drawChildren.Threads, scratch, stream, argument);
        }
    }

    /// <summary>Queues the verification of trees.</summary>
    /// <param name="parameters">Sizes and addresses.</param>
    /// <param name="nodes">The most nodes of a part.</param>
    /// <param name="parts">The number of parts.</param>
    /// <param name="stream">The stream; null is the default stream.</param>
    public void VerifyTree(in VerifyTree parameters, int nodes, int parts, CudaStream? stream = null)
    {
        fixed (VerifyTree* at = &parameters)
            _verifyTree.Value.Launch(new Dim3(nodes, parts), block ?? s_verifyTree.Threads, Scratch(parameters.Vocabulary), stream, KernelArgument.At(at, sizeof(VerifyTree)));
    }

    private static void Prepare(CudaKernel kernel, int vocabulary)
    {
        if (Scratch(vocabulary) > kernel.MaxDynamicSharedBytes)
            kernel.MaxDynamicSharedBytes = Scratch(vocabulary);
    }

    private static KernelVariant Of((string Source, string Kernel, string Macro, int Threads) kernel, int vocabulary, int? block) =>
        new(kernel.Source, kernel.Kernel, block ?? kernel.Threads, block is { } threads ? [(kernel.Macro, threads)] : []) { SharedBytes = Scratch(vocabulary) };
}

/// <summary>Parameters of draw_children.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DrawChildren
{
    public DevicePass Pass;
    public nint Logits;
    public DrawWorkspace Workspace;
    public int FirstRow, FirstDraftRow, Vocabulary, Stride;
}

/// <summary>Parameters of verify_tree.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VerifyTree
{
    public nint Parts, Target, Draft;
    public Outcomes Outcomes;
    public nint Steps, Arrived;
    public int Vocabulary, TargetStride, DraftStride;
}

/// <summary>The sampling options in the kernels' terms; SamplingSettings of distribution.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SamplingSettings(SamplingOptions options)
{
    public float Temperature = options.Temperature;
    public int TopK = options.TopK;

    /// <summary>In units of 2^-52, at least one so that the most probable token stays; 0 keeps all.</summary>
    public ulong TopPMass = options.TopP >= 1 ? 0 : Math.Max(1, (ulong)(options.TopP * MassThreshold.MassUnit));
}

/// <summary>Converts one row's logits to probabilities; RowScale of distribution.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RowScale
{
    public float InverseTemperature, Max, CountFloor, InverseSum, MassFloor, InverseKept;
}
