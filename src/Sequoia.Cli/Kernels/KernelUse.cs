using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>The resources that one of the engine's kernels uses on a multiprocessor of one architecture.</summary>
internal sealed record KernelUse(KernelBuild Build, KernelVariant Kernel, KernelResources Resources)
{
    /// <summary>Null for architectures whose multiprocessors are not known.</summary>
    private Occupancy? Occupancy => MultiprocessorLimits.Of(Resources.Architecture) is { } limits
        ? Occupancy.Compute(Resources.Registers, Kernel.Threads, Resources.SharedBytes + Kernel.SharedBytes, limits)
        : null;

    public static JsonObject ToJson(IEnumerable<KernelUse> uses) => new()
    {
        ["kernels"] = new JsonArray([.. uses.Select(use => (JsonNode)use.ToJson())]),
    };

    public static string ToTable(IEnumerable<KernelUse> uses) => TextTable.Of(
    [
        ["source", "kernel", "configuration", "for", "registers", "spills", "stack", "static shared", "dynamic shared", "threads", "blocks", "warps", "occupancy", "limited by"],
        .. uses.Select(use => use.Cells()),
    ]);

    /// <summary>A line for each kernel that spills registers to memory, or one that says that none does: spills depend on NVRTC's version.</summary>
    public static string SpillsOf(IEnumerable<KernelUse> uses, CudaCompiler compiler)
    {
        string[] spills = [.. uses.Where(use => use.SpillBytes > 0).Select(use => $"spills: {use.Kernel.Kernel} {use.Build.Configuration} for {use.Resources.Architecture}: {use.SpillBytes} B\n")];
        return spills.Length > 0 ? string.Concat(spills) : $"no kernel spills registers with NVRTC {compiler.Version}\n";
    }

    private int SpillBytes => Resources.SpillStoreBytes + Resources.SpillLoadBytes;

    private string[] Cells() =>
    [
        Build.Source, Kernel.Kernel, Build.Configuration, Resources.Architecture, $"{Resources.Registers}",
        $"{SpillBytes} B", $"{Resources.StackBytes} B", $"{Resources.SharedBytes} B", $"{Kernel.SharedBytes} B",
        $"{Kernel.Threads}",
        .. Occupancy is { } occupancy
            ? [$"{occupancy.BlocksPerMultiprocessor}", $"{occupancy.WarpsPerMultiprocessor}", string.Create(CultureInfo.InvariantCulture, $"{100 * occupancy.Share:F0} %"), occupancy.Limiter]
            : (string[])["", "", "", ""],
    ];

    private JsonObject ToJson()
    {
        JsonObject json = ResourceJson.Of(Resources);
        json["source"] = Build.Source;
        json["configuration"] = Build.Configuration;
        json["dynamic_shared_bytes"] = Kernel.SharedBytes;
        json["threads"] = Kernel.Threads;
        json["occupancy"] = Occupancy is { } occupancy ? ResourceJson.Of(occupancy) : null;
        return json;
    }
}
