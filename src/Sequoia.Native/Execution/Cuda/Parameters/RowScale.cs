using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>What makes one row's logits probabilities; RowScale of distribution.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RowScale
{
    public float Temperature, Max, CountFloor, Sum, MassFloor, Kept;
}
