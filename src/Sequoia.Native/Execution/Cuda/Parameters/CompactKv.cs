using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of compact_kv.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CompactKv
{
    public nint Cache, Parts;
    public Outcomes Outcomes;
    public ModelRole CacheOf;
    public int Planes, Capacity, Chunks;
}
