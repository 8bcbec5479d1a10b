using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests;

/// <summary>A kernel did something wrong: another result than the reference, or something that the software GPU's checks found.</summary>
internal sealed class KernelFault(string message) : Exception(message);

/// <summary>What a launch must be: right by the problem's reference, without findings.</summary>
internal static class ProblemCheck
{
    /// <returns>The launches' reports, in order.</returns>
    public static List<LaunchReport> Kernel(KernelProblem problem) => Run(problem, problem.Launch, "kernel");

    public static List<LaunchReport> Twin(KernelProblem problem) => Run(problem, problem.LaunchTwin, "twin");

    /// <summary>What some calls launch.</summary>
    public static List<LaunchReport> Observe(Action calls)
    {
        var reports = new List<LaunchReport>();
        SoftwareDriver.Launched += reports.Add;
        try
        {
            calls();
            TestGpu.Synchronize();
        }
        finally
        {
            SoftwareDriver.Launched -= reports.Add;
        }
        return reports;
    }

    private static List<LaunchReport> Run(KernelProblem problem, Action launch, string which)
    {
        problem.Reset();
        List<LaunchReport> reports = Observe(launch);
        if (reports.SelectMany(report => report.Findings).FirstOrDefault() is { } finding)
            throw new KernelFault($"{problem.Shape}: {finding}");
        Deviation deviation = problem.Compare();
        return deviation.IsWithinRounding ? reports : throw new KernelFault($"{problem.Shape}: {which}: {deviation.Worst:0.000} of the bound, {deviation.Where}");
    }
}

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
