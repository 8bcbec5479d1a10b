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

    // Enough for a race that shows once in a hundred launches; the software device needs one of each schedule.
    private const int Replays = 300, SoftwareReplays = 3;

    public static async Task<int> RunAsync(Streams streams, string? kernel, string device, int cases, int? seed, bool json, CancellationToken cancellation)
    {
        IReadOnlyList<string> names = EngineFilter.Choose(kernel, KernelProblems.Names);
        NamedDevice chosen = Drivers.Find().Choose(device);
        CudaCompiler compiler = KernelSource.Compiler();
        int first = seed ?? Random.Shared.Next(1_000_000);
        if (!json)
            await streams.Out.WriteLineAsync($"seed {first}, {chosen.Name}");
        // A kernel in the middle of a problem cannot be cancelled; it ends with the process.
        int done = 0;
        List<EngineOutcome> outcomes = await WorkProgress.RunAsync(streams, "checking", names.Count * cases, report => Task.Run(
            () => Check(chosen, compiler, names, (check, name) => check.Run(name, cases, first, () => report(++done), cancellation), streams), cancellation).WaitAsync(cancellation));
        return await ReportAsync(streams, chosen, outcomes, json, new JsonObject { ["seed"] = first });
    }

    /// <summary>Checks problems of a model's sizes.</summary>
    /// <param name="streams">The output.</param>
    /// <param name="kernel">One kernel; null: all.</param>
    /// <param name="device">The device.</param>
    /// <param name="replays">How often to repeat each problem; null: often on a GPU.</param>
    /// <param name="json">Whether to print JSON.</param>
    /// <param name="cancellation">Stops between two problems.</param>
    public static async Task<int> RunTypicalAsync(Streams streams, string? kernel, string device, int? replays, bool json, CancellationToken cancellation)
    {
        IReadOnlyList<string> names = EngineFilter.Choose(kernel, KernelProblems.Names);
        NamedDevice chosen = Drivers.Find().Choose(device);
        CudaCompiler compiler = KernelSource.Compiler();
        bool isNative = chosen.Device.Driver.IsNative;
        int repeats = replays ?? (isNative ? Replays : SoftwareReplays);
        if (!json)
            await streams.Out.WriteLineAsync($"{chosen.Name}, sizes of a 7B model{(isNative ? "" : " at a quarter of its width")}, without twins; all of {repeats} replays must give the same bits");
        int done = 0;
        List<EngineOutcome> outcomes = await WorkProgress.RunAsync(streams, "checking", names.Count, report => Task.Run(
            () => Check(chosen, compiler, names, (check, name) =>
            {
                EngineOutcome outcome = check.RunTypical(name, repeats, cancellation);
                report(++done);
                return outcome;
            }, streams), cancellation).WaitAsync(cancellation));
        return await ReportAsync(streams, chosen, outcomes, json, new JsonObject { ["replays"] = repeats });
    }

    private static List<EngineOutcome> Check(NamedDevice device, CudaCompiler compiler, IReadOnlyList<string> names, Func<EngineCheck, string, EngineOutcome> run, Streams streams)
    {
        using var check = new EngineCheck(device, compiler);
        var outcomes = new List<EngineOutcome>();
        foreach (string name in names)
        {
            if (check.CanRun(name))
                outcomes.Add(run(check, name));
            else
                streams.Notes.WriteLine($"sequoia: {name}: {device.Name} has no tensor cores for it");
        }
        return outcomes.Count > 0 ? outcomes : throw new InvalidInputException($"--kernel {names[0]}: {device.Name} has no tensor cores for it");
    }

    private static async Task<int> ReportAsync(Streams streams, NamedDevice device, List<EngineOutcome> outcomes, bool json, JsonObject about)
    {
        about["device"] = device.Name;
        about["kernels"] = new JsonArray([.. outcomes.Select(outcome => (JsonNode)outcome.ToJson())]);
        await streams.Out.WriteAsync(json ? JsonText.Of(about) + "\n" : Describe(outcomes));
        return outcomes.TrueForAll(outcome => outcome.Failure is null) ? ExitStatus.Done : ExitStatus.Failure;
    }

    private static string Describe(List<EngineOutcome> outcomes) =>
        TextTable.Of([EngineOutcome.Heads, .. outcomes.Select(outcome => outcome.Cells())])
        + string.Concat(outcomes.Select(outcome => outcome.Describe()).OfType<string>().Select(failure => failure + "\n"));
}
