using System.CommandLine;
using Sequoia.Interop;

namespace Sequoia.Cli.Kernels;

/// <summary>
/// sequoia kernels check: runs a kernel on the software GPU under all checks, in several schedules, and tells what was found and what it did.
/// </summary>
internal static class CheckCommand
{
    public static Command Create(Streams streams)
    {
        Argument<string> file = KernelSource.Argument();
        Option<string> launch = LaunchOption();
        Option<int?> schedules = CheckedOption.Number("--schedules", "Random orders of warps and blocks to try besides the plain one and the adversarial one (default 4).", 0, 10_000);
        Option<int?> seed = CheckedOption.Number("--seed", "Of the first random order (default 1).", 0, int.MaxValue);
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("check", "Run a kernel on the software GPU under all checks.") { file, launch, schedules, seed, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            KernelSource source = KernelSource.Load(parsed.GetRequiredValue(file));
            LaunchSpec spec = LaunchSpec.Load(parsed.GetRequiredValue(launch));
            CudaCompiler compiler = KernelSource.Compiler();
            CompiledKernels compiled = source.Compile(compiler, "compute_80", spec, streams);
            int random = parsed.GetValue(schedules) ?? 4, first = parsed.GetValue(seed) ?? 1;
            // A kernel in the middle of a schedule listens to nobody; it ends with the process.
            CheckResult result = await Task.Run(() => KernelCheck.Run(compiled, spec, random, first, cancellation), cancellation).WaitAsync(cancellation);
            KernelOccupancy? occupancy = result.Profile is { } profile ? KernelOccupancy.Of(source, compiler, spec, profile, streams) : null;
            await streams.Out.WriteLineAsync(parsed.GetValue(json) ? JsonText.Of(result.ToJson(occupancy)) : result.Describe(occupancy));
            return result.IsClean ? ExitStatus.Done : ExitStatus.Failure;
        });
        return command;
    }

    public static Option<string> LaunchOption() => new("--launch")
    {
        Description = "How to launch it: {\"kernel\",\"grid\",\"block\",\"shared\",\"args\":[{\"type\",\"shape\",\"fill\"} or {\"type\",\"scalar\"}]}.",
        HelpName = "SPEC.json",
        Required = true,
    };
}
