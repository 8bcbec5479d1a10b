using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>The rows of a forward pass on the device; PassRows of pass_rows.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PassRows
{
    public nint State, Nodes, Depths, Paths;
    public int Count, Levels, Ahead;
}
