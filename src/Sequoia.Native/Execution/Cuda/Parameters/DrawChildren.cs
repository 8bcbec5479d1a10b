using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of draw_children.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DrawChildren
{
    public nint Logits, NodeOfRow;
    public DeviceTree Tree;
    public nint TokOfNode, Scale, State;
    public ulong Seed;
    public SamplingLaw Law;
    public int Vocabulary, Stride, WithReplacement;
}
