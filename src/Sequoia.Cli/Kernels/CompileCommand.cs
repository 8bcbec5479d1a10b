using System.CommandLine;
using System.Text.Json.Nodes;
using Sequoia.Interop;
using Sequoia.Native;

namespace Sequoia.Cli.Kernels;

/// <summary>sequoia kernels compile: compiles a source with NVRTC and ptxas, for one or more architectures.</summary>
internal static class CompileCommand
{
    public static Command Create(Streams streams)
    {
        Argument<string> file = KernelSource.Argument();
        Option<string?> arch = CheckedOption.Text("--arch", "Architectures: sm_XX for machine code and its resources, compute_XX for PTX (sm_80,sm_90).", "sm_XX,...");
        var ptx = new Option<bool>("--ptx") { Description = "Print the PTX, for the first architecture." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("compile", "Compile a CUDA source with NVRTC and show what its kernels take.") { file, arch, ptx, json };
        command.SetAction(parsed =>
        {
            KernelSource source = KernelSource.Load(parsed.GetRequiredValue(file));
            string[] architectures = (parsed.GetValue(arch) ?? "sm_80,sm_90").Split(',', StringSplitOptions.TrimEntries);
            CudaCompiler compiler = KernelSource.Compiler();
            if (parsed.GetValue(ptx))
            {
                streams.Out.Write(source.Compile(compiler, architectures[0].Replace("sm_", "compute_", StringComparison.Ordinal), null, streams).Ptx);
                return ExitStatus.Done;
            }
            KernelResources[] resources = [.. architectures.SelectMany(one => Resources(source, compiler, one, streams))];
            if (parsed.GetValue(json))
                streams.Out.WriteLine(JsonText.Of(ToJson(resources)));
            else
                streams.Out.Write(ToTable(resources));
            return ExitStatus.Done;
        });
        return command;
    }

    private static IReadOnlyList<KernelResources> Resources(KernelSource source, CudaCompiler compiler, string architecture, Streams streams)
    {
        if (!architecture.StartsWith("sm_", StringComparison.Ordinal))
            throw new InvalidInputException($"--arch {architecture}: resources are known of machine code only; write sm_XX, or add --ptx");
        return source.Compile(compiler, architecture, null, streams).Resources;
    }

    private static JsonObject ToJson(KernelResources[] resources) => new()
    {
        ["kernels"] = new JsonArray([.. resources.Select(one => (JsonNode)ResourceJson.Of(one))]),
    };

    private static string ToTable(KernelResources[] resources) => TextTable.Of(
    [
        ["kernel", "for", "registers", "spills", "stack", "shared", "constant"],
        .. resources.Select(one => new[]
        {
            one.Kernel, one.Architecture, $"{one.Registers}", $"{one.SpillStoreBytes + one.SpillLoadBytes} B", $"{one.StackBytes} B",
            $"{one.SharedBytes} B", one.ConstantBytes is { } constant ? $"{constant} B" : "",
        }),
    ]);
}
