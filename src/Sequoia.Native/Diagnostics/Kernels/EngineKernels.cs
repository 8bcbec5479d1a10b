using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>All kernels of the engine in all configurations, and the twins that they are compared with. Thread-safe.</summary>
public static class EngineKernels
{
    // What launches of a typical model take: Llama 2's vocabulary, eight heads to a key and value head.
    private const int TypicalVocabulary = 32_000;
    private const int TypicalGroup = 8;

    /// <summary>Every kernel with its macros; shared memory is that of rows of 32,000 tokens, and of 8 heads that share a key and value head.</summary>
    public static IReadOnlyList<KernelVariant> Variants { get; } =
    [
        .. RowKernels.Variants,
        .. MatMulKernels.Variants,
        .. AttendKernels.Variants(TypicalGroup),
        .. SamplingKernels.Variants(TypicalVocabulary),
        .. CommitKernels.Variants,
        .. TwinKernels.Variants,
    ];

    /// <summary>The sources' names, in alphabetical order.</summary>
    public static IReadOnlyList<string> Sources { get; } = [.. Variants.Select(variant => variant.Source).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>What is compiled, each for itself.</summary>
    public static IReadOnlyList<KernelBuild> Builds { get; } =
    [
        .. from variant in Variants
           group variant by (variant.Source, string.Join(' ', variant.Macros)) into kernels
           from element in kernels.First().HasElement ? [Element.F16, Element.BF16] : (Element?[])[null]
           select new KernelBuild([.. kernels], element),
    ];
}
