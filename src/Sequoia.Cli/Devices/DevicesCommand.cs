using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Cli.Kernels;
using Sequoia.Interop;

namespace Sequoia.Cli.Devices;

/// <summary>sequoia devices: the devices that can run CUDA kernels on this machine.</summary>
internal static class DevicesCommand
{
    public static Command Create(Streams streams)
    {
        var ceilings = new Option<bool>("--ceilings") { Description = "Measure what each GPU does at most: bandwidths, latencies, the rate of mma, launches. Takes seconds." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("devices", "List the devices that can execute CUDA kernels.") { ceilings, json };
        command.SetAction(parsed =>
        {
            var drivers = Drivers.Find();
            if (parsed.GetValue(json))
            {
                streams.Out.WriteLine(JsonText.Of(Json(drivers)));
                return ExitStatus.Done;
            }
            foreach (NamedDevice device in drivers.Devices)
            {
                streams.Out.WriteLine(Line(device));
                if (parsed.GetValue(ceilings))
                    Measure(device, streams);
            }
            foreach ((string kind, string problem) in drivers.Problems)
                streams.Notes.WriteLine($"sequoia: no {kind} device: {problem} (see sequoia doctor)");
            return ExitStatus.Done;
        });
        return command;
    }

    private static void Measure(NamedDevice named, Streams streams)
    {
        if (!named.Device.Driver.IsNative)
        {
            streams.Out.WriteLine("    has no times to measure");
            return;
        }
        using CudaContext context = CudaContext.Primary(named.Device);
        foreach ((string what, string result) in new Ceilings(context, KernelSource.Compiler()).Measure())
            streams.Out.WriteLine($"    {what}: {result}");
    }

    private static string Line(NamedDevice named) => string.Create(
        CultureInfo.InvariantCulture,
        $"{named.Name,-12}{named.Device}, {named.Device[DeviceProperty.MultiprocessorCount]} multiprocessors");

    private static JsonObject Json(Drivers drivers) => new()
    {
        ["devices"] = new JsonArray([.. drivers.Devices.Select(named => (JsonNode)new JsonObject
        {
            ["name"] = named.Name,
            ["title"] = named.Device.Name,
            ["driver"] = named.Device.Driver.Name,
            ["cuda_version"] = named.Device.Driver.Version.ToString(),
            ["compute_capability"] = named.Device.ComputeCapability.ToString(),
            ["memory_bytes"] = named.Device.MemoryBytes,
            ["multiprocessors"] = named.Device[DeviceProperty.MultiprocessorCount],
        })]),
        ["problems"] = new JsonObject(drivers.Problems.Select(problem => KeyValuePair.Create(problem.Key, (JsonNode?)problem.Value))),
    };
}
