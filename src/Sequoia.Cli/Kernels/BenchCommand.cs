using System.CommandLine;
using System.Text.Json.Nodes;
using Sequoia.Cli.Devices;
using Sequoia.Interop;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>sequoia kernels bench: times a kernel on a GPU; on the software GPU, which has no times, it counts what the kernel does.</summary>
internal static class BenchCommand
{
    public static Command Create(Streams streams)
    {
        Argument<string?> file = KernelSource.OptionalArgument();
        Option<string?> launch = CheckCommand.LaunchOption();
        Option<string?> device = CheckedOption.Text("--device", "auto, cuda, cuda:N or software (default auto: the first GPU, else the software one).", "DEVICE");
        Option<int?> repeats = CheckedOption.Number("--repeats", "Runs that count, on a GPU (default 31).", 1, 100_000);
        Option<double?> bytes = CheckedOption.Number("--bytes", "Bytes that a run has to move, to print the bandwidth.", 0.0, 1e18);
        Option<double?> flops = CheckedOption.Number("--flops", "Floating-point operations of a run, to print their rate.", 0.0, 1e18);
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("bench", "Time a kernel on a GPU, or count what it does on the software GPU.") { file, launch, device, repeats, bytes, flops, json };
        command.SetAction(parsed =>
        {
            KernelSource source = KernelSource.Load(parsed.GetValue(file)!);
            LaunchSpec spec = LaunchSpec.Load(parsed.GetValue(launch)!);
            NamedDevice chosen = Drivers.Find().Choose(parsed.GetValue(device) ?? "auto");
            CudaCompiler compiler = KernelSource.Compiler();
            CompiledKernels compiled = source.Compile(compiler, compiler.ArchitectureFor(chosen.Device), spec, streams);
            using CudaContext context = CudaContext.Primary(chosen.Device);
            using var prepared = new PreparedLaunch(context, compiled, spec);
            if (chosen.Device.Driver.IsNative)
            {
                var options = new BenchmarkOptions { Repeats = parsed.GetValue(repeats) ?? new BenchmarkOptions().Repeats };
                BenchmarkTimes times = context.Benchmark(prepared.Launch, options);
                streams.Out.WriteLine(parsed.GetValue(json)
                    ? JsonText.Of(ToJson(chosen, spec, times))
                    : $"{chosen.Device.Name}: {spec.Kernel}: {times.Describe(parsed.GetValue(bytes) ?? 0, parsed.GetValue(flops) ?? 0)}");
                return ExitStatus.Done;
            }
            SoftwareDriver.Options = new LaunchOptions { Counters = true };
            KernelProfile profile = SoftwareDriver.Observe(() => prepared.Launch()).Profile!;
            KernelOccupancy occupancy = KernelOccupancy.Of(source, compiler, spec, profile, streams);
            streams.Out.WriteLine(parsed.GetValue(json)
                ? JsonText.Of(new JsonObject { ["counters"] = JsonNode.Parse(profile.ToJson()), ["occupancy"] = occupancy.ToJson() })
                : $"{profile.ToTable()}{occupancy.Describe()}");
            return ExitStatus.Done;
        });
        return command;
    }

    private static JsonObject ToJson(NamedDevice device, LaunchSpec spec, BenchmarkTimes times) => new()
    {
        ["device"] = device.Device.Name,
        ["kernel"] = spec.Kernel,
        ["median_us"] = times.Median.TotalMicroseconds,
        ["p5_us"] = times.Low.TotalMicroseconds,
        ["p95_us"] = times.High.TotalMicroseconds,
        ["runs"] = times.All.Count,
    };
}
