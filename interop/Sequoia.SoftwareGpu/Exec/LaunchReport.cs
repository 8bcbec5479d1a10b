namespace Sequoia.SoftwareGpu;

/// <summary>What a launch did.</summary>
public sealed class LaunchReport
{
    /// <summary>What the checks found, in the order found; each place once.</summary>
    public IReadOnlyList<Finding> Findings { get; internal set; } = [];

    /// <summary>The counters, where they were asked for.</summary>
    public KernelProfile? Profile { get; internal set; }

    /// <summary>Warp instructions executed, as far as the scheduler counts them.</summary>
    public long WarpInstructions { get; internal set; }
}
