using System.Collections.Concurrent;
using Sequoia.Interop;
using Sequoia.Interop.Tests;

namespace Sequoia.Kernels.Tests;

/// <summary>The checkout's kernels, compiled as the engine compiles them.</summary>
internal static class KernelSource
{
    private static readonly string Folder = Path.Combine(Repository.Root, "kernels");

    private static readonly Lazy<CudaCompiler> Nvrtc = new(() => NeededLibraries.Compiler());

    private static readonly ConcurrentDictionary<string, CompiledKernels> Compiled = new();

    public static CudaCompiler Compiler => Nvrtc.Value;

    /// <param name="name">The kernel's name, and its file's without .cu.</param>
    /// <param name="architecture">Such as compute_80 for PTX, sm_80 for a CUBIN with ptxas's report.</param>
    /// <param name="defines">Macros.</param>
    /// <param name="mutation">A bug to put in.</param>
    public static CompiledKernels Compile(string name, string architecture, IReadOnlyDictionary<string, string?> defines, Mutation? mutation = null)
    {
        // Many tests want the same one.
        string key = $"{name} {architecture} {string.Join(' ', defines)} {mutation}";
        return Compiled.GetOrAdd(key, _ => CompileAnew(name, architecture, defines, mutation));
    }

    /// <summary>The headers in memory, by the names under which sources include them.</summary>
    public static Dictionary<string, string> Headers(Mutation? mutation = null) =>
        Directory.GetFiles(Path.Combine(Folder, "include"), "*.cuh").Select(path => Path.GetFileName(path)!)
            .ToDictionary(file => file, file => Text(file, mutation));

    private static CompiledKernels CompileAnew(string name, string architecture, IReadOnlyDictionary<string, string?> defines, Mutation? mutation)
    {
        string file = name + ".cu";
        return Compiler.Compile(Text(file, mutation), Options(architecture, Headers(mutation)) with { FileName = file, Kernels = [name], Defines = defines });
    }

    public static CompileOptions Options(string architecture, IReadOnlyDictionary<string, string> headers) =>
        new() { Architecture = architecture, Headers = headers, Extra = ["--fmad=false"] };

    public static string Text(string file, Mutation? mutation = null)
    {
        string text = File.ReadAllText(Path.Combine(Folder, file.EndsWith(".cuh", StringComparison.Ordinal) ? "include" : "", file));
        return mutation?.Apply(file, text) ?? text;
    }
}
