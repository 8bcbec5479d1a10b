using System.Collections.Concurrent;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>A set of kernels for weights, keys and values of one type, compiled for one device on first use. Thread-safe.</summary>
internal sealed class CudaKernels(CudaContext context, CudaCompiler compiler, KernelSet set, Element element) : IDisposable
{
    // Percent: all of it is shared memory. Kernels of different shares cannot run on a multiprocessor at once, nor without a pause one after the other.
    private const int SharedCarveout = 100;

    private static readonly Version s_overlappingDevices = new(9, 0), s_overlappingGraphs = new(12, 3);

    private readonly ConcurrentDictionary<string, CudaModule> _modules = new();

    private readonly bool _overlaps = context.Device.ComputeCapability >= s_overlappingDevices && context.Device.Driver.Version >= s_overlappingGraphs;

    public CudaContext Context => context;

    public Element Element => element;

    /// <summary>A kernel as its launcher describes it.</summary>
    public CudaKernel Find(KernelVariant variant) => Find(variant.Source, variant.Kernel, variant.Target == KernelTarget.Hopper, [.. variant.Macros]);

    /// <summary>The same for a kernel of a pass, which may be launched before those before it have ended. Whether a user's kernel waits is not known.</summary>
    public PassKernel FindForPass(KernelVariant variant) => new(Find(variant), variant.IsDependent && _overlaps && !set.Replaced.Contains(variant.Source));

    /// <summary>Gets a kernel. This compiles it, or queries the driver; launchers keep the result.</summary>
    /// <param name="source">The source's name in the set.</param>
    /// <param name="name">The kernel's name in the source.</param>
    /// <param name="macros">The source's macros, in addition to ELEMENT.</param>
    public CudaKernel Find(string source, string name, params ReadOnlySpan<(string Name, int Value)> macros) => Find(source, name, isHoppers: false, macros);

    private CudaKernel Find(string source, string name, bool isHoppers, ReadOnlySpan<(string Name, int Value)> macros)
    {
        Dictionary<string, string?> defines = Defines(element, macros);
        try
        {
            CudaKernel kernel = _modules.GetOrAdd($"{source} {string.Join(' ', defines)}", _ => Compile(source, isHoppers, defines))[name];
            kernel[KernelProperty.PreferredSharedCarveout] = SharedCarveout;
            return kernel;
        }
        catch (Exception e) when (set.Replaced.Contains(source) && e is CompileException or CudaException)
        {
            throw new InvalidInputException($"kernel: {source}: {e.Message}", e) { Parameter = "kernel" };
        }
    }

    public void Dispose()
    {
        foreach (CudaModule module in _modules.Values)
            module.Dispose();
    }

    private CudaModule Compile(string source, bool isHoppers, IReadOnlyDictionary<string, string?> defines) =>
        context.Compile(compiler, set.Source(source), Options(source, set.SourceHeaders, defines) with { IsArchitectureSpecific = isHoppers });

    /// <summary>The macros of a source: the element type and its own macros.</summary>
    public static Dictionary<string, string?> Defines(Element element, params ReadOnlySpan<(string Name, int Value)> macros)
    {
        var defines = new Dictionary<string, string?> { ["ELEMENT"] = element.ToString() };
        foreach ((string macro, int value) in macros)
            defines[macro] = $"{value}";
        return defines;
    }

    /// <summary>How the engine's sources are compiled, for any architecture.</summary>
    public static CompileOptions Options(string source, IReadOnlyDictionary<string, string> headers, IReadOnlyDictionary<string, string?> defines) => new()
    {
        FileName = $"{source}.cu",
        Headers = headers,
        Defines = defines,
        // Fused operations are written explicitly: the same bits on every device.
        Extra = ["--fmad=false"],
    };
}
