using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Sequoia.Native.Backends.Cpu;

namespace Sequoia.Native;

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>The number of compute threads, including the caller's; by default one per processor. The result does not depend on it.</summary>
    public int Threads { get; init; } = Math.Min(Environment.ProcessorCount, MaxThreads);

    /// <summary>
    /// The device: auto or cpu, cuda or cuda:N for an NVIDIA GPU, or software for the software GPU, which an application registers with
    /// CudaDrivers. On a GPU, weights, keys and values have 16 bits.
    /// </summary>
    public string Device { get; init; } = "auto";

    /// <summary>The kernels of a CUDA or software device. Replacements are checked against the engine's own while loading.</summary>
    public KernelSet Kernels { get; init; } = KernelSet.Default;

    /// <summary>
    /// Receives log messages on loading, measuring and choosing, for this model and the generators that use it as their target; by default nothing does.
    /// Must be thread-safe, as loggers are.
    /// </summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>
    /// The folder that keeps measurements of this machine and compiled kernels between runs. Null: sequoia-native in the user's cache folder
    /// (XDG_CACHE_HOME or ~/.cache; on Windows the local application data). If it is not writable, they are kept in memory.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>
    /// The bytes that this process may hold for everything: the models' weights, the caches and activations of generators, and the program itself. Null: most of
    /// what is free now, limits of control groups included. Concerns a target on the CPU: weights that do not fit are read from disk in every pass
    /// (<see cref="Stream"/>).
    /// </summary>
    public long? Memory { get; init; }

    /// <summary>
    /// The bytes that a GPU may hold for this model as a target: its weights, its generators' caches and activations, and their draft. Null: nine tenths of what is
    /// free there now. Concerns a target on a GPU: weights that do not fit wait in the host's memory, all of which they need while the model is loaded, and are
    /// copied to the GPU in every pass (<see cref="Stream"/>).
    /// </summary>
    public long? DeviceMemory { get; init; }

    /// <summary>Whether weights are streamed, from disk to the CPU or from the host's memory to a GPU. The results do not depend on it, bit for bit.</summary>
    public StreamMode Stream { get; init; }

    /// <summary>How weights are streamed, for tests and demonstrations; the properties above come before its own.</summary>
    internal StreamOptions Streaming { get; init; } = new();

    internal const int MaxThreads = 256;
}

/// <summary>Which weights are streamed.</summary>
public enum StreamMode
{
    /// <summary>As many as do not fit the memory; none if all fit.</summary>
    Auto,

    /// <summary>None. The CPU uses weights where the file is mapped, and the system decides what stays in memory; a GPU holds all of them.</summary>
    Never,

    /// <summary>All: nothing but the ring stays in memory.</summary>
    All,
}
