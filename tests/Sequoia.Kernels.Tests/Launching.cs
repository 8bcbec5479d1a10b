using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests;

/// <summary>How the software GPU executes until the end of a test.</summary>
internal readonly struct Launching : IDisposable
{
    private readonly LaunchOptions _before;

    public Launching(LaunchOptions options)
    {
        _before = SoftwareDriver.Options;
        SoftwareDriver.Options = options;
    }

    /// <summary>All checks, in one of the three orders.</summary>
    public static LaunchOptions Checked(Schedule schedule, int seed = 1) => new()
    {
        Checks = true,
        Schedule = schedule,
        Seed = (ulong)seed,
        // A kernel that hangs is stopped within seconds.
        InstructionBudget = 200_000_000,
    };

    public void Dispose() => SoftwareDriver.Options = _before;
}
