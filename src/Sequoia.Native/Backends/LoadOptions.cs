using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Sequoia.Native;

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>Threads that compute, the caller's included; by default one per processor. The result does not depend on it.</summary>
    public int Threads { get; init; } = Math.Min(Environment.ProcessorCount, MaxThreads);

    /// <summary>
    /// What computes: auto or cpu, cuda or cuda:N for an NVIDIA GPU, or software for the software GPU, which an application registers with
    /// CudaDrivers. On a GPU weights, keys and values have 16 bits.
    /// </summary>
    public string Device { get; init; } = "auto";

    /// <summary>The kernels of a CUDA or software device; replaced ones are checked against the engine's own while loading.</summary>
    public KernelSet Kernels { get; init; } = KernelSet.Default;

    /// <summary>
    /// Receives what was loaded, measured and chosen, for this model and the generators that have it for their target; by default nothing does. Must be
    /// thread-safe, as loggers are.
    /// </summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>
    /// Where measurements of this machine and compiled kernels are kept between runs. Null: sequoia-native in the user's cache folder
    /// (XDG_CACHE_HOME or ~/.cache, on Windows the local application data). Where it cannot be written to, they are kept in memory.
    /// </summary>
    public string? CacheFolder { get; init; }

    internal const int MaxThreads = 256;
}
