namespace Sequoia.SoftwareGpu;

/// <summary>What a launch executed and moved. Counts, never time.</summary>
public sealed class KernelProfile
{
    /// <summary>The kernel's name.</summary>
    public required string Kernel { get; init; }
}
