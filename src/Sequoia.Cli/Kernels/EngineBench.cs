using System.Text.Json.Nodes;
using Sequoia.Cli.Devices;
using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>
/// sequoia kernels bench without a file: the engine's kernels on problems with a model's sizes. On a GPU, kernels are timed, and the times are shown
/// next to the GPU's peak rates. The software GPU has no times, so the kernels' operations are counted.
/// </summary>
internal static class EngineBench
{
    public static async Task<int> RunAsync(Streams streams, string? kernel, string device, BenchmarkOptions options, bool json, CancellationToken cancellation)
    {
        IReadOnlyList<string> names = EngineFilter.Choose(kernel, KernelProblems.Names);
        NamedDevice chosen = Drivers.Find().Choose(device);
        CudaCompiler compiler = KernelSource.Compiler();
        // A kernel in the middle of a launch cannot be cancelled; it ends with the process.
        IEngineMeasure measure = await WorkProgress.RunAsync(
            streams, "measuring", names.Count,
            report => Task.Run(() => Measure(chosen, compiler, names, options, report, streams, cancellation), cancellation).WaitAsync(cancellation));
        await streams.Out.WriteAsync(json ? JsonText.Of(ToJson(chosen, measure)) + "\n" : $"{chosen.Name}, {measure.About}\n{TextTable.Of([measure.Heads, .. measure.Rows])}");
        return ExitStatus.Done;
    }

    private static IEngineMeasure Measure(
        NamedDevice device, CudaCompiler compiler, IReadOnlyList<string> names, BenchmarkOptions options, Action<double> report, Streams streams, CancellationToken cancellation)
    {
        bool isNative = device.Device.Driver.IsNative;
        if (!isNative)
        {
            SoftwareDriver.Options = new LaunchOptions { Counters = true };
            SoftwareDriver.ComputeCapability = names.Select(KernelProblems.SoftwareCapability).Max()!;
        }
        using CudaContext context = isNative ? CudaContext.Create(device.Device) : SoftwareDriver.Open();
        using var problems = new KernelProblems(context, compiler);
        IEngineMeasure measure = isNative ? new EngineTimes(context, compiler, options) : new EngineCounts(context);
        for (int i = 0; i < names.Count; i++)
        {
            if (problems.CanRun(names[i]))
            {
                foreach (KernelProblem problem in problems.Typical(names[i], fullSize: isNative))
                {
                    using (problem)
                        measure.Add(names[i], problem);
                    cancellation.ThrowIfCancellationRequested();
                }
            }
            else
            {
                streams.Notes.WriteLine($"sequoia: {names[i]}: {device.Name} has no tensor cores for it");
            }
            report(i + 1);
        }
        return measure.Rows.Any() ? measure : throw new InvalidInputException($"--kernel {names[0]}: {device.Name} has no tensor cores for it");
    }

    private static JsonObject ToJson(NamedDevice device, IEngineMeasure measure)
    {
        var json = new JsonObject { ["device"] = device.Name };
        measure.WriteTo(json);
        return json;
    }
}
