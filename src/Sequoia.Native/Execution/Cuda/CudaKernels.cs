using System.Collections.Concurrent;
using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>The kernels of kernels/, which are part of this assembly, compiled for one device when first used.</summary>
internal sealed class CudaKernels(CudaContext context, CudaCompiler compiler)
{
    private const string Folder = "kernels/";
    private const string Headers = "kernels/include/";

    private static readonly Lazy<IReadOnlyDictionary<string, string>> HeaderSources = new(() => Resources(Headers));

    private readonly ConcurrentDictionary<(string File, Element Element), CudaModule> _modules = new();

    /// <summary>A kernel for weights or caches of one type.</summary>
    /// <param name="file">Below kernels/, without .cu.</param>
    /// <param name="name">The kernel's name.</param>
    /// <param name="element">The type.</param>
    public CudaKernel this[string file, string name, Element element] => _modules.GetOrAdd((file, element), Compile)[name];

    private CudaModule Compile((string File, Element Element) wanted)
    {
        string file = $"{wanted.File}.cu";
        return context.Compile(compiler, Read(Folder + file), new CompileOptions
        {
            FileName = file,
            Headers = HeaderSources.Value,
            Defines = new Dictionary<string, string?> { ["ELEMENT"] = wanted.Element.ToString() },
            // What is fused is written so: the same bits on every device.
            Extra = ["--fmad=false"],
        });
    }

    private static Dictionary<string, string> Resources(string prefix) => typeof(CudaKernels).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
        .ToDictionary(name => name[prefix.Length..], Read);

    private static string Read(string name)
    {
        using Stream stream = typeof(CudaKernels).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not part of the assembly");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
