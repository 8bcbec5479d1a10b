namespace Sequoia.SoftwareGpu;

/// <summary>What one multiprocessor can hold.</summary>
/// <param name="Warps">Warps at once.</param>
/// <param name="Blocks">Blocks at once.</param>
/// <param name="Registers">32-bit registers.</param>
/// <param name="SharedBytes">Shared memory.</param>
/// <param name="ReservedSharedBytes">Shared memory that each block loses to the system.</param>
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

    /// <summary>The limits of an architecture.</summary>
    /// <param name="architecture">Such as sm_80.</param>
    /// <returns>Null where they are not known.</returns>
    public static MultiprocessorLimits? Of(string architecture) => architecture switch
    {
        "sm_75" => Sm75,
        "sm_80" => Sm80,
        "sm_86" => Sm86,
        "sm_89" => Sm89,
        "sm_90" => Sm90,
        _ => null,
    };
}

/// <summary>How full a multiprocessor can get; a limit, not a measurement.</summary>
/// <param name="BlocksPerMultiprocessor">Blocks that fit at once.</param>
/// <param name="WarpsPerMultiprocessor">Their warps.</param>
/// <param name="Share">The share of the warps that a multiprocessor can hold.</param>
/// <param name="Limiter">What keeps it from holding more: "warps", "blocks", "registers" or "shared memory".</param>
public sealed record Occupancy(int BlocksPerMultiprocessor, int WarpsPerMultiprocessor, double Share, string Limiter)
{
    /// <summary>Registers are given out to warps in portions of this many.</summary>
    private const int RegisterPortion = 256;

    /// <summary>Shared memory is given out in portions of this many bytes.</summary>
    private const int SharedPortion = 128;

    /// <summary>Computes the occupancy of a kernel.</summary>
    /// <param name="registersPerThread">Registers of a thread.</param>
    /// <param name="threadsPerBlock">Threads of a block.</param>
    /// <param name="sharedBytesPerBlock">Shared memory of a block.</param>
    /// <param name="limits">The multiprocessor.</param>
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
