namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// One of the engine's kernels as its launcher compiles and launches it. Launchers find their kernels by these, so what is listed is what runs.
/// Immutable.
/// </summary>
internal sealed class KernelVariant
{
    internal KernelVariant(string source, string kernel, int threads, params IReadOnlyList<(string Name, int Value)> macros) =>
        (Source, Kernel, Threads, Macros) = (source, kernel, threads, macros);

    /// <summary>The source's name, such as attend.</summary>
    public string Source { get; }

    /// <summary>The kernel's name in the source, such as attend_sealed.</summary>
    public string Kernel { get; }

    /// <summary>Threads of a block.</summary>
    public int Threads { get; }

    /// <summary>The source's own macros, beside ELEMENT.</summary>
    public IReadOnlyList<(string Name, int Value)> Macros { get; }

    /// <summary>Bytes of dynamic shared memory of a typical launch.</summary>
    public int SharedBytes { get; internal init; }

    /// <summary>Whether it is compiled for each type of weights, keys and values by itself.</summary>
    public bool HasElement { get; internal init; }

    /// <summary>Whether it takes compute capability 8.0.</summary>
    public bool NeedsTensorCores { get; internal init; }

    /// <summary>Blocks for that many items, one a thread.</summary>
    internal int BlocksFor(int items) => (items + Threads - 1) / Threads;
}
