using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of verify_tree.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VerifyTree
{
    public nint Target, Draft, Scale;
    public DeviceTree Tree;
    public nint TokOfNode, State, Verdict, Path, Toks;
    public ulong Seed;
    public SamplingLaw Law;
    public int Vocabulary, TargetStride, DraftStride, Nodes, TreeSize, Levels;
    public SpeculationMethod Method;
}
