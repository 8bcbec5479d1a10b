using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>A tree on the device.</summary>
internal sealed class TreeBuffers : IDisposable
{
    private readonly DeviceBuffer<int> _firstChild, _childCount, _draftRow;

    public TreeBuffers(TokenTree tree, int[] nodeOfRow)
    {
        int[] draftRow = new int[tree.Size];
        // What a leaf has here must not be used: it is far outside.
        Array.Fill(draftRow, int.MinValue / 2);
        for (int row = 0; row < nodeOfRow.Length; row++)
            draftRow[nodeOfRow[row]] = row;
        CudaContext gpu = KernelUnderTest.Gpu;
        _firstChild = gpu.Upload<int>([.. Enumerable.Range(0, tree.Size).Select(tree.FirstChild)]);
        _childCount = gpu.Upload<int>([.. Enumerable.Range(0, tree.Size).Select(tree.ChildCount)]);
        _draftRow = gpu.Upload<int>(draftRow);
        Shape = new DeviceTree { FirstChild = _firstChild.Handle, ChildCount = _childCount.Handle, DraftRow = _draftRow.Handle };
    }

    public DeviceTree Shape { get; }

    public void Dispose()
    {
        _firstChild.Dispose();
        _childCount.Dispose();
        _draftRow.Dispose();
    }
}
