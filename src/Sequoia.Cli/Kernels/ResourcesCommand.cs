using System.CommandLine;
using System.Globalization;
using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Cli.Kernels;

/// <summary>sequoia kernels resources: the resources that each of the engine's kernels uses on a multiprocessor, for one or more architectures.</summary>
internal static class ResourcesCommand
{
    private static readonly string[] Usual = ["sm_75", "sm_80", "sm_86", "sm_89", "sm_90"];

    public static Command Create(Streams streams)
    {
        Option<string?> kernel = EngineFilter.Option();
        var architecture = new Option<string[]>("--architecture")
        {
            Description = $"For these GPUs, one or more (default {string.Join(' ', Usual)}, as far as NVRTC knows them).",
            HelpName = "sm_XX",
            AllowMultipleArgumentsPerToken = true,
        };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("resources", "Show registers, spills, shared memory and occupancy of the engine's kernels, in all configurations.") { kernel, architecture, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            CudaCompiler compiler = KernelSource.Compiler();
            string[] architectures = Architectures(parsed.GetValue(architecture) ?? [], compiler);
            IReadOnlyList<string> sources = EngineFilter.Choose(parsed.GetValue(kernel), EngineKernels.Sources);
            (KernelBuild Build, string Architecture)[] builds =
                [.. from build in EngineKernels.Builds where sources.Contains(build.Source) from one in architectures where Runs(build, one) select (build, one)];
            if (builds.Length == 0)
                throw new InvalidInputException($"--architecture {architectures[0]}: {sources[0]} needs {(sources[0] == "matmul_sm90" ? "the instructions of sm_90" : "tensor cores, which come with sm_80")}");
            List<KernelUse> uses = await WorkProgress.RunAsync(
                streams, "compiling", builds.Length,
                report => Task.Run(() => Compile(compiler, builds, report, cancellation), cancellation).WaitAsync(cancellation));
            await streams.Out.WriteAsync(parsed.GetValue(json) ? JsonText.Of(KernelUse.ToJson(uses)) + "\n" : KernelUse.ToTable(uses) + KernelUse.SpillsOf(uses, compiler));
            return ExitStatus.Done;
        });
        return command;
    }

    private static string[] Architectures(string[] asked, CudaCompiler compiler)
    {
        string[] known = [.. compiler.Architectures.Select(version => $"sm_{version.Major}{version.Minor}")];
        if (asked.FirstOrDefault(one => !known.Contains(one)) is { } unknown)
            throw new InvalidInputException($"--architecture {unknown}: NVRTC {compiler.Version} compiles for {string.Join(", ", known)}");
        return asked.Length > 0 ? [.. asked.Distinct()] : [.. Usual.Intersect(known)];
    }

    private static bool Runs(KernelBuild build, string architecture)
    {
        int number = int.Parse(architecture.AsSpan("sm_".Length), CultureInfo.InvariantCulture);
        return build.Target.RunsOn(new Version(number / 10, number % 10));
    }

    private static List<KernelUse> Compile(CudaCompiler compiler, (KernelBuild Build, string Architecture)[] builds, Action<double> report, CancellationToken cancellation)
    {
        var uses = new KernelUse[builds.Length][];
        int done = 0;
        Parallel.For(0, builds.Length, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
        {
            (KernelBuild build, string architecture) = builds[i];
            uses[i] = [.. build.Kernels.Zip(build.Resources(compiler, architecture), (kernel, resources) => new KernelUse(build, kernel, resources))];
            report(Interlocked.Increment(ref done));
        });
        return [.. uses.SelectMany(one => one)];
    }
}
