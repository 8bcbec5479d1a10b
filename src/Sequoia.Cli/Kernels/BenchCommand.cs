using System.CommandLine;
using System.Text.Json.Nodes;
using Sequoia.Cli.Devices;
using Sequoia.Interop;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>sequoia kernels bench: times a kernel on a GPU. On the software GPU, which has no times, it counts the kernel's operations.</summary>
internal static class BenchCommand
{
    // In one graph between two events, whose own time would be most of a short kernel's.
    private const int Launches = 20;

    public static Command Create(Streams streams)
    {
        Argument<string?> file = KernelSource.OptionalArgument();
        Option<string?> launch = CheckCommand.LaunchOption();
        Option<string?> kernel = EngineFilter.Option();
        Option<string?> device = CheckedOption.Text("--device", "auto, cuda, cuda:N or software (default auto: the first GPU, else the software one).", "DEVICE");
        Option<int?> repeats = CheckedOption.Number("--repeats", "Runs that count, on a GPU (default 31); each is the mean of 20 launches.", 1, 100_000);
        Option<double?> bytes = CheckedOption.Number("--bytes", "With FILE.cu: bytes that a run has to move, to print the bandwidth.", 0.0, 1e18);
        Option<double?> flops = CheckedOption.Number("--flops", "With FILE.cu: floating-point operations of a run, to print their rate.", 0.0, 1e18);
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("bench", "Time a kernel, or without FILE.cu the engine's, on a GPU; count what they do on the software GPU.")
        {
            file, launch, device, repeats, bytes, flops, kernel, json,
        };
        EngineFilter.Separate(command, file, ofFile: [launch, bytes, flops], ofEngine: [kernel]);
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new BenchmarkOptions { Launches = Launches };
            options = options with { Repeats = parsed.GetValue(repeats) ?? options.Repeats };
            string deviceName = parsed.GetValue(device) ?? "auto";
            if (parsed.GetValue(file) is not { } path)
                return await EngineBench.RunAsync(streams, parsed.GetValue(kernel), deviceName, options, parsed.GetValue(json), cancellation);
            KernelSource source = KernelSource.Load(path);
            LaunchSpec spec = LaunchSpec.Load(parsed.GetValue(launch)!);
            NamedDevice chosen = Drivers.Find().Choose(deviceName);
            CudaCompiler compiler = KernelSource.Compiler();
            // A kernel in the middle of a launch cannot be cancelled; it ends with the process.
            await streams.Out.WriteLineAsync(await Task.Run(Measure, cancellation).WaitAsync(cancellation));
            return ExitStatus.Done;

            string Measure()
            {
                CompiledKernels compiled = source.Compile(compiler, compiler.ArchitectureFor(chosen.Device), spec, streams);
                using CudaContext context = CudaContext.Primary(chosen.Device);
                using var prepared = new PreparedLaunch(context, compiled, spec);
                if (chosen.Device.Driver.IsNative)
                {
                    BenchmarkTimes times = context.Benchmark(prepared.Launch, options);
                    return parsed.GetValue(json)
                        ? JsonText.Of(ToJson(chosen, spec, times))
                        : $"{chosen.Device.Name}: {spec.Kernel}: {times.Describe(parsed.GetValue(bytes) ?? 0, parsed.GetValue(flops) ?? 0)}";
                }
                SoftwareDriver.Options = new LaunchOptions { Counters = true };
                KernelProfile profile = SoftwareDriver.Observe(() => prepared.Launch()).Profile!;
                KernelOccupancy occupancy = KernelOccupancy.Of(source, compiler, spec, profile, streams);
                return parsed.GetValue(json)
                    ? JsonText.Of(new JsonObject { ["counters"] = JsonNode.Parse(profile.ToJson()), ["occupancy"] = occupancy.ToJson() })
                    : $"{profile.ToTable()}{occupancy.Describe()}";
            }
        });
        return command;
    }

    private static JsonObject ToJson(NamedDevice device, LaunchSpec spec, BenchmarkTimes times)
    {
        JsonObject json = TimesJson.Of(times);
        json["device"] = device.Device.Name;
        json["kernel"] = spec.Kernel;
        return json;
    }
}
