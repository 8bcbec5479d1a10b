using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of rms_norm.cu and rms_norm_scalar.cu; RmsNorm of rms_norm.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RmsNorm
{
    public nint X, Weight, Y;
    public int Columns, XStride, YStride;
    public float Epsilon;
}
