namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// One of the engine's kernels as its launcher compiles and launches it. Launchers look up their kernels by these, so the list is what runs.
/// Immutable.
/// </summary>
internal sealed class KernelVariant
{
    internal KernelVariant(string source, string kernel, int threads, params IReadOnlyList<(string Name, int Value)> macros) =>
        (Source, Kernel, Threads, Macros) = (source, kernel, threads, macros);

    /// <summary>The source's name, such as attend.</summary>
    public string Source { get; }

    /// <summary>The kernel's name in the source, such as matmul_rope.</summary>
    public string Kernel { get; }

    /// <summary>Threads per block.</summary>
    public int Threads { get; }

    /// <summary>The source's own macros, in addition to ELEMENT.</summary>
    public IReadOnlyList<(string Name, int Value)> Macros { get; }

    /// <summary>Bytes of dynamic shared memory of a typical launch.</summary>
    public int SharedBytes { get; internal init; }

    /// <summary>Whether it is compiled separately for each type of weights, keys and values.</summary>
    public bool HasElement { get; internal init; }

    /// <summary>Whether it waits itself for the kernels before it (earlier_kernels.cuh), so that it can be launched before they have ended.</summary>
    public bool IsDependent { get; internal init; }

    /// <summary>The devices that it runs on.</summary>
    public KernelTarget Target { get; internal init; }

    /// <summary>The number of blocks for this many items, one per thread.</summary>
    internal int BlocksFor(int items) => (items + Threads - 1) / Threads;
}

/// <summary>The devices that a kernel runs on.</summary>
internal enum KernelTarget
{
    /// <summary>All.</summary>
    Any,

    /// <summary>Compute capability 8.0 and higher.</summary>
    TensorCores,

    /// <summary>Compute capability 9.0, whose own instructions it uses.</summary>
    Hopper,
}

internal static class KernelTargets
{
    private static readonly Version s_tensorCores = new(8, 0), s_hopper = new(9, 0);

    public static bool RunsOn(this KernelTarget target, Version computeCapability) => target switch
    {
        KernelTarget.TensorCores => computeCapability >= s_tensorCores,
        KernelTarget.Hopper => computeCapability == s_hopper,
        _ => true,
    };
}
