using System.Text.Json.Nodes;
using Sequoia.Cli.Devices;
using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Cli.Kernels;

/// <summary>sequoia kernels check without a file: all of the engine's kernels, one after the other.</summary>
internal static class EngineCheckRun
{
    // Half a minute for all kernels on the software device of a typical machine.
    public const int DefaultCases = 48;

    public static async Task<int> RunAsync(Streams streams, string? kernel, string device, int cases, int? seed, bool json, CancellationToken cancellation)
    {
        IReadOnlyList<string> names = EngineFilter.Choose(kernel, KernelProblems.Names);
        NamedDevice chosen = Drivers.Find().Choose(device);
        CudaCompiler compiler = KernelSource.Compiler();
        int first = seed ?? Random.Shared.Next(1_000_000);
        if (!json)
            await streams.Out.WriteLineAsync($"seed {first}, {chosen.Name}");
        // A kernel in the middle of a problem cannot be cancelled; it ends with the process.
        List<EngineOutcome> outcomes = await WorkProgress.RunAsync(
            streams, "checking", names.Count * cases,
            report => Task.Run(() => Check(chosen, compiler, names, cases, first, report, streams, cancellation), cancellation).WaitAsync(cancellation));
        await streams.Out.WriteAsync(json ? JsonText.Of(ToJson(chosen, first, outcomes)) + "\n" : Describe(outcomes));
        return outcomes.TrueForAll(outcome => outcome.Failure is null) ? ExitStatus.Done : ExitStatus.Failure;
    }

    private static List<EngineOutcome> Check(
        NamedDevice device, CudaCompiler compiler, IReadOnlyList<string> names, int cases, int seed, Action<double> report, Streams streams, CancellationToken cancellation)
    {
        using var check = new EngineCheck(device, compiler);
        int done = 0;
        var outcomes = new List<EngineOutcome>();
        foreach (string name in names)
        {
            if (check.CanRun(name))
                outcomes.Add(check.Run(name, cases, seed, () => report(++done), cancellation));
            else
                streams.Notes.WriteLine($"sequoia: {name}: {device.Name} has no tensor cores for it");
        }
        return outcomes.Count > 0 ? outcomes : throw new InvalidInputException($"--kernel {names[0]}: {device.Name} has no tensor cores for it");
    }

    private static string Describe(List<EngineOutcome> outcomes) =>
        TextTable.Of([EngineOutcome.Heads, .. outcomes.Select(outcome => outcome.Cells())])
        + string.Concat(outcomes.Select(outcome => outcome.Describe()).OfType<string>().Select(failure => failure + "\n"));

    private static JsonObject ToJson(NamedDevice device, int seed, List<EngineOutcome> outcomes) => new()
    {
        ["seed"] = seed,
        ["device"] = device.Name,
        ["kernels"] = new JsonArray([.. outcomes.Select(outcome => (JsonNode)outcome.ToJson())]),
    };
}
