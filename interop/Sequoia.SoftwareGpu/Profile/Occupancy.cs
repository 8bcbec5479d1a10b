namespace Sequoia.SoftwareGpu;

/// <summary>The resources of one multiprocessor.</summary>
/// <param name="Warps">The maximum number of resident warps.</param>
/// <param name="Blocks">The maximum number of resident blocks.</param>
/// <param name="Registers">The number of 32-bit registers.</param>
/// <param name="SharedBytes">The shared memory, in bytes.</param>
/// <param name="ReservedSharedBytes">The shared memory that the system reserves in each block, in bytes.</param>
public sealed record MultiprocessorLimits(int Warps, int Blocks, int Registers, int SharedBytes, int ReservedSharedBytes)
{
    /// <summary>Compute capability 7.5 (T4).</summary>
    public static MultiprocessorLimits Sm75 { get; } = new(32, 16, 65536, 64 * 1024, 0);

    /// <summary>Compute capability 8.0 (A100).</summary>
    public static MultiprocessorLimits Sm80 { get; } = new(64, 32, 65536, 164 * 1024, 1024);

    /// <summary>Compute capability 8.6 (A10, RTX 30).</summary>
    public static MultiprocessorLimits Sm86 { get; } = new(48, 16, 65536, 100 * 1024, 1024);

    /// <summary>Compute capability 8.9 (L4, RTX 40).</summary>
    public static MultiprocessorLimits Sm89 { get; } = new(48, 24, 65536, 100 * 1024, 1024);

    /// <summary>Compute capability 9.0 (H100).</summary>
    public static MultiprocessorLimits Sm90 { get; } = new(64, 32, 65536, 228 * 1024, 1024);

    /// <summary>Gets the limits of an architecture.</summary>
    /// <param name="architecture">The architecture, such as sm_80.</param>
    /// <returns>The limits, or null if they are not known.</returns>
    public static MultiprocessorLimits? Of(string architecture) => architecture switch
    {
        "sm_75" => Sm75,
        "sm_80" => Sm80,
        "sm_86" => Sm86,
        "sm_89" => Sm89,
        "sm_90" or "sm_90a" => Sm90,
        _ => null,
    };
}

/// <summary>The occupancy of a multiprocessor. It is an upper limit, not a measurement.</summary>
/// <param name="BlocksPerMultiprocessor">The number of blocks that fit at once.</param>
/// <param name="WarpsPerMultiprocessor">The number of warps in these blocks.</param>
/// <param name="Share">The fraction of the maximum number of resident warps.</param>
/// <param name="Limiter">The limiting resource: "warps", "blocks", "registers" or "shared memory".</param>
public sealed record Occupancy(int BlocksPerMultiprocessor, int WarpsPerMultiprocessor, double Share, string Limiter)
{
    /// <summary>The unit in which registers are allocated to warps.</summary>
    private const int RegisterPortion = 256;

    /// <summary>The unit in which shared memory is allocated, in bytes.</summary>
    private const int SharedPortion = 128;

    /// <summary>Computes the occupancy of a kernel.</summary>
    /// <param name="registersPerThread">The number of registers per thread.</param>
    /// <param name="threadsPerBlock">The number of threads per block.</param>
    /// <param name="sharedBytesPerBlock">The shared memory per block.</param>
    /// <param name="limits">The limits of the multiprocessor.</param>
    /// <returns>The occupancy.</returns>
    public static Occupancy Compute(int registersPerThread, int threadsPerBlock, int sharedBytesPerBlock, MultiprocessorLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(registersPerThread);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threadsPerBlock);
        int warps = (threadsPerBlock + 31) / 32;
        int registersPerWarp = RoundUp(registersPerThread * 32, RegisterPortion);
        int shared = RoundUp(sharedBytesPerBlock + limits.ReservedSharedBytes, SharedPortion);
        (int Blocks, string Name)[] bounds =
        [
            (limits.Warps / warps, "warps"),
            (limits.Blocks, "blocks"),
            (limits.Registers / registersPerWarp / warps, "registers"),
            (shared == 0 ? limits.Blocks : limits.SharedBytes / shared, "shared memory"),
        ];
        (int blocks, string limiter) = bounds.MinBy(b => b.Blocks);
        return new Occupancy(blocks, blocks * warps, blocks * warps / (double)limits.Warps, limiter);
    }

    private static int RoundUp(int value, int portion) => (value + portion - 1) / portion * portion;
}
