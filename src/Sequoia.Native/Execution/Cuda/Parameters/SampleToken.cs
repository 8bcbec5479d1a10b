using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of sample_token.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SampleToken
{
    public nint Logits, TokOfRow, State;
    public ulong Seed;
    public SamplingLaw Law;
    public int Vocabulary, Stride;
}
