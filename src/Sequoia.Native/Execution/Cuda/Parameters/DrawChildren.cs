using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of draw_children.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DrawChildren
{
    public DevicePass Pass;
    public nint Logits;
    public int FirstRow, FirstDraftRow, Vocabulary, Stride;
}
