using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>
/// Launches the twins that the engine itself never launches: one thread per row or element. Each is compiled when first launched. The caller
/// provides their workspace, if any.
/// </summary>
internal sealed unsafe class TwinKernels(CudaKernels kernels)
{
    private static readonly KernelVariant OfDrawChildren = new("draw_children_scalar", "draw_children_scalar", 32);
    private static readonly KernelVariant OfVerifyTree = new("verify_tree_scalar", "verify_tree_scalar", 1);
    private static readonly KernelVariant OfCompactKv = new("compact_kv_scalar", "compact_kv_scalar", 256);

    /// <summary>All kernels launched here.</summary>
    public static IReadOnlyList<KernelVariant> Variants => [OfDrawChildren, OfVerifyTree, OfCompactKv];

    /// <summary>Floats of a row's weights and their sums.</summary>
    public static int RowWorkspace(int vocabulary) => vocabulary + SamplingKernels.SumTree(vocabulary);

    /// <param name="parameters">The same as for the kernel.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="workspace">For each row, <see cref="RowWorkspace"/> and a float for each child of a node.</param>
    /// <param name="stride">Floats of a row's workspace.</param>
    public void DrawChildren(DrawChildren parameters, int rows, nint workspace, int stride) => Launch(
        OfDrawChildren, OfDrawChildren.BlocksFor(rows),
        new RowsTwin<DrawChildren> { Kernel = parameters, Workspace = workspace, WorkspaceStride = stride, Rows = rows });

    /// <param name="parameters">The same as for the kernel, with one part.</param>
    /// <param name="workspace">Two rows of the vocabulary and a <see cref="RowWorkspace"/>.</param>
    public void VerifyTree(VerifyTree parameters, nint workspace) =>
        Launch(OfVerifyTree, 1, new TreeTwin { Kernel = parameters, Workspace = workspace });

    /// <param name="parameters">The same as for the kernel.</param>
    /// <param name="parts">The parts.</param>
    /// <param name="result">Another cache, which receives the kernel's result for its own cache.</param>
    public void CompactKv(in CompactKv parameters, int parts, nint result) => Launch(
        OfCompactKv, OfCompactKv.BlocksFor(parameters.Planes * parameters.Capacity * parameters.Chunks), new CacheTwin { Kernel = parameters, Result = result, Parts = parts });

    private void Launch<T>(KernelVariant variant, int blocks, T parameters) where T : unmanaged =>
        kernels.Find(variant).Launch(blocks, variant.Threads, 0, null, KernelArgument.At(&parameters, sizeof(T)));

    [StructLayout(LayoutKind.Sequential)]
    internal struct RowsTwin<T> where T : unmanaged
    {
        public T Kernel;
        public nint Workspace;
        public int WorkspaceStride, Rows;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TreeTwin
    {
        public VerifyTree Kernel;
        public nint Workspace;
        public int WorkspaceStride;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct CacheTwin
    {
        public CompactKv Kernel;
        public nint Result;
        public int Parts;
    }
}
