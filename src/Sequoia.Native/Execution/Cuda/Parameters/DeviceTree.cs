using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Device addresses of a tree's shape; TreeShape of step_state.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceTree
{
    public nint FirstChild, ChildCount, DraftRow;
}
