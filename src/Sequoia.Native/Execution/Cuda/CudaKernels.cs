using System.Collections.Concurrent;
using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>A set of kernels, compiled for one device when first used.</summary>
internal sealed class CudaKernels(CudaContext context, CudaCompiler compiler, KernelSet set)
{
    private readonly ConcurrentDictionary<(string Source, Element Element), CudaModule> _modules = new();
    // Looking a kernel up asks the driver for it and for each of its parameters: once, not at every launch.
    private readonly ConcurrentDictionary<(string Source, string Name, Element Element), CudaKernel> _kernels = new();

    /// <summary>A kernel for weights or caches of one type.</summary>
    /// <param name="source">The source's name in the set.</param>
    /// <param name="name">The kernel's name in it.</param>
    /// <param name="element">The type.</param>
    public CudaKernel this[string source, string name, Element element] => _kernels.GetOrAdd((source, name, element), Find);

    private CudaKernel Find((string Source, string Name, Element Element) wanted)
    {
        try
        {
            return _modules.GetOrAdd((wanted.Source, wanted.Element), Compile)[wanted.Name];
        }
        catch (Exception e) when (set.Replaced.Contains(wanted.Source) && e is CompileException or CudaException)
        {
            throw new InvalidInputException($"kernel: {wanted.Source}: {e.Message}", e);
        }
    }

    private CudaModule Compile((string Source, Element Element) wanted) =>
        context.Compile(compiler, set[wanted.Source], new CompileOptions
        {
            FileName = $"{wanted.Source}.cu",
            Headers = KernelSet.Headers,
            Defines = new Dictionary<string, string?> { ["ELEMENT"] = wanted.Element.ToString() },
            // What is fused is written so: the same bits on every device.
            Extra = ["--fmad=false"],
        });
}
