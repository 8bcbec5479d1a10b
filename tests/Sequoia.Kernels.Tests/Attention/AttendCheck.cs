using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>What a launch must be: within rounding of the reference, without findings.</summary>
internal static class AttendCheck
{
    public static void Kernel(AttendProblem problem) => Run(problem, problem.Launch, "attend");

    public static void Twin(AttendProblem problem) => Run(problem, problem.LaunchTwin, "twin");

    /// <summary>The reports of the kernels that some calls launch, in order.</summary>
    public static List<LaunchReport> Observe(Action calls)
    {
        var reports = new List<LaunchReport>();
        SoftwareDriver.Launched += reports.Add;
        try
        {
            calls();
            KernelUnderTest.Gpu.Synchronize();
        }
        finally
        {
            SoftwareDriver.Launched -= reports.Add;
        }
        return reports;
    }

    private static void Run(AttendProblem problem, Action launch, string kernel)
    {
        problem.Reset();
        Finding? finding = Observe(launch).SelectMany(report => report.Findings).FirstOrDefault();
        if (finding is not null)
            throw new KernelFault($"{problem.Shape}: {finding}");
        Deviation deviation = problem.Compare();
        if (!deviation.IsWithinRounding)
            throw new KernelFault($"{problem.Shape}: {kernel}: {deviation.Worst:0.000} of the bound, {deviation.Where}");
    }
}
