using Sequoia.Interop;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>Runs one launch under all checks, in one schedule after the other, with the same inputs.</summary>
internal static class KernelCheck
{
    // Minutes under checks: more than any kernel of a sensible size needs, and a limit for kernels that do not end.
    private const long InstructionBudget = 4_000_000_000;

    public static CheckResult Run(CompiledKernels compiled, LaunchSpec spec, int randomSchedules, int firstSeed, CancellationToken cancellation)
    {
        LaunchOptions all = new() { Checks = true, Counters = true, InstructionBudget = InstructionBudget };
        LaunchOptions[] schedules =
        [
            all,
            .. Enumerable.Range(firstSeed, randomSchedules).Select(seed => all with { Schedule = Schedule.Random, Seed = (ulong)seed }),
            all with { Schedule = Schedule.Adversarial, Seed = (ulong)firstSeed },
        ];
        var result = new CheckResult(spec);
        foreach (LaunchOptions options in schedules)
        {
            cancellation.ThrowIfCancellationRequested();
            result.Add(options, Run(compiled, spec, options));
        }
        return result;
    }

    private static CheckedRun Run(CompiledKernels compiled, LaunchSpec spec, LaunchOptions options)
    {
        LaunchReport? report = null;
        void Keep(LaunchReport latest) => report = latest;
        SoftwareDriver.Options = options;
        SoftwareDriver.Launched += Keep;
        try
        {
            using CudaContext context = SoftwareDriver.Open();
            using var prepared = new PreparedLaunch(context, compiled, spec);
            prepared.Launch();
            try
            {
                context.Synchronize();
            }
            catch (CudaException)
            {
                return new CheckedRun(report, SoftwareDriver.LatestFailure, null);
            }
            return new CheckedRun(report, null, prepared.Contents());
        }
        finally
        {
            SoftwareDriver.Launched -= Keep;
        }
    }
}

/// <summary>One run under checks.</summary>
/// <param name="Report">The findings and counts.</param>
/// <param name="Fault">The fault that ended the run early; null if there is none.</param>
/// <param name="Contents">The buffers afterwards; null after a fault.</param>
internal sealed record CheckedRun(LaunchReport? Report, string? Fault, byte[]?[]? Contents);
