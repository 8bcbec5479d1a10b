using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of attend.cu and attend_scalar.cu; Attend of attend.cuh, which tells the layouts.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Attend
{
    public nint Queries, Keys, Values, Output, Partials;
    public DevicePass Pass;
    public nint Tiles;
    public int FirstRow, Count, Splits, Heads, KvHeads, Capacity, HeadDim, QueryStride, OutputStride;
    public float Scale;
}
