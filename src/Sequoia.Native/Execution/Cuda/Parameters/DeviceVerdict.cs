using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>The outcome of a walk on the device; Verdict of step_state.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceVerdict
{
    public int Length, Kept, Token, Ahead;
}
