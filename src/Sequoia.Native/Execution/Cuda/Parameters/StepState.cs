using System.Runtime.InteropServices;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>What the kernels of a step share in device memory; StepState of step_state.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StepState
{
    public uint Step;
    public int Committed;
    public LogitDamage Errors;
}

/// <summary>Whose logits were NaN or otherwise no distribution.</summary>
[Flags]
internal enum LogitDamage : uint
{
    None = 0,
    Draft = 1,
    Target = 2,
}
