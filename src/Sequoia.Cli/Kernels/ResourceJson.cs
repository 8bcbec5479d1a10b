using System.Text.Json.Nodes;
using Sequoia.Interop;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>The resource usage of kernels, as JSON.</summary>
internal static class ResourceJson
{
    public static JsonObject Of(KernelResources resources) => new()
    {
        ["kernel"] = resources.Kernel,
        ["architecture"] = resources.Architecture,
        ["registers"] = resources.Registers,
        ["spill_store_bytes"] = resources.SpillStoreBytes,
        ["spill_load_bytes"] = resources.SpillLoadBytes,
        ["stack_bytes"] = resources.StackBytes,
        ["shared_bytes"] = resources.SharedBytes,
        ["constant_bytes"] = resources.ConstantBytes,
    };

    public static JsonObject Of(Occupancy occupancy) => new()
    {
        ["blocks"] = occupancy.BlocksPerMultiprocessor,
        ["warps"] = occupancy.WarpsPerMultiprocessor,
        ["share"] = occupancy.Share,
        ["limiter"] = occupancy.Limiter,
    };
}
