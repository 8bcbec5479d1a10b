using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of embed.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Embed
{
    public nint Table;
    public DevicePass Pass;
    public nint X;
    public int Columns, TableStride, XStride;
}
