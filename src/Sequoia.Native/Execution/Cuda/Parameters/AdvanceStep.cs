using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>Parameters of advance_step.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AdvanceStep
{
    public nint Parts;
    public Outcomes Outcomes;
}
