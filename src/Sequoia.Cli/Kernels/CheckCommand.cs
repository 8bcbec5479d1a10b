using System.CommandLine;
using Sequoia.Interop;

namespace Sequoia.Cli.Kernels;

/// <summary>
/// sequoia kernels check: runs a kernel on the software GPU under all checks, in several schedules, and reports findings and counts. Without a
/// file, it runs the engine's own kernels on random problems and compares them with references.
/// </summary>
internal static class CheckCommand
{
    public static Command Create(Streams streams)
    {
        Argument<string?> file = KernelSource.OptionalArgument();
        Option<string?> launch = LaunchOption();
        Option<int?> schedules = CheckedOption.Number("--schedules", "With FILE.cu: random orders of warps and blocks to try besides the plain one and the adversarial one (default 4).", 0, 10_000);
        Option<int?> seed = CheckedOption.Number("--seed", "Of the first random order (default 1), or of the first problem (default: another one each time).", 0, 2_000_000_000);
        Option<int?> cases = CheckedOption.Number("--cases", $"Problems for each of the engine's kernels (default {EngineCheckRun.DefaultCases}).", 1, 1_000_000);
        Option<string?> device = CheckedOption.Text("--device", "For the engine's kernels: software, cuda or cuda:N (default software).", "DEVICE");
        Option<string?> kernel = EngineFilter.Option();
        var typical = new Option<bool>("--typical") { Description = "Check the engine's kernels on a 7B model's sizes, each many times; without twins." };
        Option<int?> soak = CheckedOption.Number("--soak", "With --typical: how often each problem is repeated, which must give the same bits (default 300; 3 on the software GPU).", 1, 1_000_000);
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("check", "Run a kernel on the software GPU under all checks; without FILE.cu, compare the engine's kernels with their references.")
        {
            file, launch, schedules, seed, cases, typical, soak, device, kernel, json,
        };
        EngineFilter.Separate(command, file, ofFile: [launch, schedules], ofEngine: [cases, typical, soak, device, kernel]);
        command.Validators.Add(result =>
        {
            bool isTypical = result.GetValue(typical);
            if (isTypical && (result.GetValue(cases) ?? result.GetValue(seed)) is not null)
                result.AddError("--typical: its problems are always the same; leave out --cases and --seed");
            if (!isTypical && result.GetValue(soak) is not null)
                result.AddError("--soak: needs --typical");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(file) is not { } path)
            {
                string chosen = parsed.GetValue(device) ?? "software";
                if (parsed.GetValue(typical))
                    return await EngineCheckRun.RunTypicalAsync(streams, parsed.GetValue(kernel), chosen, parsed.GetValue(soak), parsed.GetValue(json), cancellation);
                return await EngineCheckRun.RunAsync(
                    streams, parsed.GetValue(kernel), chosen, parsed.GetValue(cases) ?? EngineCheckRun.DefaultCases, parsed.GetValue(seed),
                    parsed.GetValue(json), cancellation);
            }
            KernelSource source = KernelSource.Load(path);
            LaunchSpec spec = LaunchSpec.Load(parsed.GetValue(launch)!);
            CudaCompiler compiler = KernelSource.Compiler();
            CompiledKernels compiled = source.Compile(compiler, "compute_80", spec, streams);
            int random = parsed.GetValue(schedules) ?? 4, first = parsed.GetValue(seed) ?? 1;
            // A kernel in the middle of a schedule cannot be cancelled; it ends with the process.
            CheckResult result = await Task.Run(() => KernelCheck.Run(compiled, spec, random, first, cancellation), cancellation).WaitAsync(cancellation);
            KernelOccupancy? occupancy = result.Profile is { } profile ? KernelOccupancy.Of(source, compiler, spec, profile, streams) : null;
            await streams.Out.WriteLineAsync(parsed.GetValue(json) ? JsonText.Of(result.ToJson(occupancy)) : result.Describe(occupancy));
            return result.IsClean ? ExitStatus.Done : ExitStatus.Failure;
        });
        return command;
    }

    public static Option<string?> LaunchOption() => CheckedOption.Path(
        "--launch", "With FILE.cu: how to launch it, or - for standard input: {\"kernel\",\"grid\",\"block\",\"shared\",\"args\":[{\"type\",\"shape\",\"fill\"} or {\"type\",\"scalar\"}]}.", "SPEC.json");
}
