using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Bench;

/// <summary>What launches do, as the software GPU counts it.</summary>
/// <param name="Launches">The number of launches.</param>
/// <param name="WarpInstructions">Instructions of warps.</param>
/// <param name="Mma">Of these, tensor-core products.</param>
/// <param name="MemoryBytes">Bytes of global memory that each launch touches, each byte once.</param>
/// <param name="L2Bytes">Bytes of the 32-byte sectors that all accesses ask for.</param>
/// <param name="SharedWavefronts">Passes of shared memory, bank conflicts included.</param>
internal readonly record struct LaunchCounts(double Launches, double WarpInstructions, double Mma, double MemoryBytes, double L2Bytes, double SharedWavefronts)
{
    /// <summary>Bytes of a sector.</summary>
    public const int Sector = 32;

    public static LaunchCounts Of(IReadOnlyList<KernelProfile> launches, double share) => new(
        share * launches.Count,
        share * launches.Sum(launch => (double)launch.Total.WarpInstructions),
        share * launches.Sum(launch => (double)launch.Total.Mma),
        share * launches.Sum(launch => (double)launch.DistinctGlobalBytes),
        share * launches.Sum(launch => (double)Sector * launch.Total.GlobalSectors),
        share * launches.Sum(launch => (double)launch.Total.SharedWavefronts));

    public static LaunchCounts operator +(LaunchCounts a, LaunchCounts b) => new(
        a.Launches + b.Launches, a.WarpInstructions + b.WarpInstructions, a.Mma + b.Mma, a.MemoryBytes + b.MemoryBytes, a.L2Bytes + b.L2Bytes, a.SharedWavefronts + b.SharedWavefronts);
}
