namespace Sequoia.Interop;

/// <summary>What one kernel takes, as ptxas reports it. Bytes are of a thread, shared memory of a block.</summary>
/// <param name="Kernel">The kernel's name in the image.</param>
/// <param name="Architecture">What it was compiled for, such as sm_80.</param>
/// <param name="Registers">32-bit registers of a thread.</param>
/// <param name="StackBytes">Stack of a thread.</param>
/// <param name="SpillStoreBytes">Registers written to memory for want of room.</param>
/// <param name="SpillLoadBytes">Registers read back.</param>
/// <param name="SharedBytes">Static shared memory.</param>
/// <param name="ConstantBytes">Constant memory, parameters included; null where ptxas does not tell (sm_90).</param>
public sealed record KernelResources(
    string Kernel, string Architecture, int Registers, int StackBytes, int SpillStoreBytes, int SpillLoadBytes, int SharedBytes, int? ConstantBytes);
