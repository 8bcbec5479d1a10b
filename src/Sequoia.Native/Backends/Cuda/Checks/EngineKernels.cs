using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>All kernels of the engine in all configurations, and their twins. Thread-safe.</summary>
internal static class EngineKernels
{
    // Llama 2's.
    private const int TypicalVocabulary = 32_000;

    /// <summary>Every kernel with its macros; shared memory is for rows of 32,000 tokens.</summary>
    public static IReadOnlyList<KernelVariant> Variants { get; } =
    [
        .. EmbedKernel.Variants,
        .. MatMulKernels.Variants,
        .. AttendKernels.Variants,
        .. SamplingKernels.Variants(TypicalVocabulary),
        .. CommitKernels.Variants,
        .. TwinKernels.Variants,
    ];

    /// <summary>The sources' names, in alphabetical order.</summary>
    public static IReadOnlyList<string> Sources { get; } = [.. Variants.Select(variant => variant.Source).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The compilation units.</summary>
    public static IReadOnlyList<KernelBuild> Builds { get; } =
    [
        .. from variant in Variants
           group variant by (variant.Source, string.Join(' ', variant.Macros)) into kernels
           from element in kernels.First().HasElement ? [Element.F16, Element.BF16] : (Element?[])[null]
           select new KernelBuild([.. kernels], element),
    ];
}

/// <summary>One of the engine's sources with its macros, and the kernels launched from it. Immutable.</summary>
internal sealed class KernelBuild
{
    private readonly Element? _element;

    internal KernelBuild(IReadOnlyList<KernelVariant> kernels, Element? element) => (Kernels, _element) = (kernels, element);

    /// <summary>The source's name.</summary>
    public string Source => Kernels[0].Source;

    /// <summary>The kernels.</summary>
    public IReadOnlyList<KernelVariant> Kernels { get; }

    /// <summary>The devices that it is for.</summary>
    public KernelTarget Target => Kernels[0].Target;

    /// <summary>A readable form of the macros; empty if there are none.</summary>
    public string Configuration => string.Join(" ", [.. Kernels[0].Macros.Select(macro => $"{macro.Name}={macro.Value}"), .. _element is { } element ? [$"{element}"] : (string[])[]]);

    /// <summary>Compiles the engine's own source, and returns the resource usage of each kernel, in their order. Thread-safe.</summary>
    /// <param name="compiler">NVRTC.</param>
    /// <param name="architecture">Such as sm_80.</param>
    /// <exception cref="CompileException">The source does not compile for this architecture.</exception>
    public IReadOnlyList<KernelResources> Resources(CudaCompiler compiler, string architecture)
    {
        ArgumentNullException.ThrowIfNull(compiler);
        Dictionary<string, string?> defines = CudaKernels.Defines(_element ?? Element.F16, [.. Kernels[0].Macros]);
        CompileOptions options = CudaKernels.Options(Source, KernelSet.Headers, defines) with { Architecture = Target == KernelTarget.Hopper ? $"{architecture}a" : architecture };
        IReadOnlyList<KernelResources> all = compiler.Compile(KernelSet.Default.Source(Source), options).Resources;
        return [.. Kernels.Select(kernel => all.First(one => one.Kernel == kernel.Kernel))];
    }
}
