using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>One of the engine's sources with the macros that it is compiled with, and the kernels that are launched from it. Immutable.</summary>
public sealed class KernelBuild
{
    private readonly Element? _element;

    internal KernelBuild(IReadOnlyList<KernelVariant> kernels, Element? element) => (Kernels, _element) = (kernels, element);

    /// <summary>The source's name.</summary>
    public string Source => Kernels[0].Source;

    /// <summary>The kernels.</summary>
    public IReadOnlyList<KernelVariant> Kernels { get; }

    /// <summary>Whether it compiles for compute capability 8.0 and up only.</summary>
    public bool NeedsTensorCores => Kernels[0].NeedsTensorCores;

    /// <summary>The macros, for people to read; empty where there are none.</summary>
    public string Configuration => string.Join(" ", [.. Kernels[0].Macros.Select(macro => $"{macro.Name}={macro.Value}"), .. _element is { } element ? [$"{element}"] : (string[])[]]);

    /// <summary>Compiles the engine's own source, and tells what each of the kernels takes, in their order. Thread-safe.</summary>
    /// <param name="compiler">NVRTC.</param>
    /// <param name="architecture">Such as sm_80.</param>
    /// <exception cref="CompileException">It does not compile for this architecture.</exception>
    public IReadOnlyList<KernelResources> Resources(CudaCompiler compiler, string architecture)
    {
        ArgumentNullException.ThrowIfNull(compiler);
        Dictionary<string, string?> defines = CudaKernels.Defines(_element ?? Element.F16, [.. Kernels[0].Macros]);
        CompileOptions options = CudaKernels.Options(Source, KernelSet.Headers, defines) with { Architecture = architecture };
        IReadOnlyList<KernelResources> all = compiler.Compile(KernelSet.Default.Source(Source), options).Resources;
        return [.. Kernels.Select(kernel => all.First(one => one.Kernel == kernel.Kernel))];
    }
}
