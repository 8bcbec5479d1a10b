using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of verify_tree.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VerifyTree
{
    public nint Parts, Target, Draft;
    public Outcomes Outcomes;
    public int Vocabulary, TargetStride, DraftStride;
}
