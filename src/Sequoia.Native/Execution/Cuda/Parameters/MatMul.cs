using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of matmul.cu and matmul_scalar.cu; MatMul of epilogue.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MatMul
{
    public nint Weight, X, Y, Partials, Arrived, Cos, Sin, Keys, Values;
    public DevicePass Pass;
    public int Outputs, Columns, Splits, WeightStride, XStride, YStride, Heads, KvHeads, HeadDim, Capacity;
}
