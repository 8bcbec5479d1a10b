using System.Runtime.InteropServices;
using Sequoia.Native.Sampling;

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

    /// <summary>As a method draws: target-only sampling's children are the likeliest whatever the temperature, SpecInfer's may come twice.</summary>
    public readonly DrawChildren By(SpeculationMethod method, SamplingOptions sampling) => this with
    {
        Law = new SamplingLaw(method == SpeculationMethod.TargetOnly ? new SamplingOptions(0) : sampling),
        WithReplacement = method == SpeculationMethod.SpecInfer ? 1 : 0,
    };
}
