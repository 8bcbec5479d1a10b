using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Interop;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>The occupancy of a launch on a GPU of compute capability 8.0, by ptxas's own register count, not the PTX's.</summary>
internal sealed class KernelOccupancy(KernelResources resources, Occupancy occupancy)
{
    private const string Architecture = "sm_80";

    public static KernelOccupancy Of(KernelSource source, CudaCompiler compiler, LaunchSpec spec, KernelProfile profile, Streams streams)
    {
        CompiledKernels compiled = source.Compile(compiler, Architecture, spec, streams);
        string name = compiled.LoweredNames.TryGetValue(spec.Kernel, out string? lowered) ? lowered : spec.Kernel;
        KernelResources resources = compiled.Resources.First(one => one.Kernel == name);
        return new KernelOccupancy(resources, profile.OccupancyFor(resources.Registers));
    }

    public string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"occupancy on {Architecture}: {resources.Registers} registers a thread, {occupancy.BlocksPerMultiprocessor} blocks and {occupancy.WarpsPerMultiprocessor} warps ({100 * occupancy.Share:F0} %) on a multiprocessor, limited by {occupancy.Limiter}");

    public JsonObject ToJson()
    {
        JsonObject json = ResourceJson.Of(occupancy);
        json["architecture"] = Architecture;
        json["registers"] = resources.Registers;
        return json;
    }
}
