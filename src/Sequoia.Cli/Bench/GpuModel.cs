using Sequoia.Native;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Bench;

/// <summary>
/// A GPU's assumed rates, from which a launch's time is predicted. They are the vendor's or others' measurements (docs/bench.md names the sources);
/// nothing here was measured with this engine's kernels.
/// </summary>
internal sealed record GpuModel
{
    /// <summary>All known GPUs.</summary>
    public static IReadOnlyList<GpuModel> All { get; } =
    [
        new()
        {
            Name = "h200", Title = "NVIDIA H200", ReadBandwidth = 4.0e12, L2Bandwidth = 5.4e12, Multiprocessors = 132, Clock = 1.8e9,
            MmaFlopsPerClock = 2300, WgmmaFlopsPerClock = 3300, MemoryLatency = 1.05e-6, LaunchGap = 1.3e-6, OverlappedGap = 0.5e-6, Fill = 1.7e-6, Drain = 0.8e-6, Limits = MultiprocessorLimits.Sm90,
        },
        new()
        {
            Name = "a100", Title = "NVIDIA A100 80 GB", ReadBandwidth = 1.7e12, L2Bandwidth = 3.9e12, Multiprocessors = 108, Clock = 1.41e9,
            MmaFlopsPerClock = 2048, MemoryLatency = 0.9e-6, LaunchGap = 1.5e-6, Fill = 1.9e-6, Drain = 1.0e-6, Limits = MultiprocessorLimits.Sm80,
        },
        new()
        {
            Name = "4090", Title = "NVIDIA RTX 4090", ReadBandwidth = 0.95e12, L2Bandwidth = 4.0e12, Multiprocessors = 128, Clock = 2.55e9,
            MmaFlopsPerClock = 512, MemoryLatency = 0.9e-6, LaunchGap = 1.5e-6, Fill = 1.4e-6, Drain = 0.8e-6, Limits = MultiprocessorLimits.Sm89,
        },
    ];

    // Of the 4 instructions that a multiprocessor can start a clock, and of the 1 of a warp: instructions wait for the results of earlier ones.
    private const double InstructionsPerClock = 2.6, InstructionsPerClockOfWarp = 0.5;

    // Of a block's shared memory, the part that is on the way from memory while the rest is used; of a thread without any, four loads of 16 bytes.
    private const double ShareOnTheWay = 0.6;
    private const int BytesOnTheWayOfThread = 64;

    // A launch that touches less than this reads what the kernels before it wrote, which is in the L2 cache.
    private const double CachedBytes = 1 << 20;

    // Half of a full overlap: what does not limit a kernel still takes a quarter of its own time.
    private const double Overlap = 0.75;

    // Seconds of a read from the L2 cache under load; the same on all of them, about.
    private const double CacheLatency = 0.3e-6;

    private const int WarpThreads = 32;

    public required string Name { get; init; }

    public required string Title { get; init; }

    /// <summary>Bytes a second that reads from memory reach at best.</summary>
    public required double ReadBandwidth { get; init; }

    /// <summary>Bytes a second from the L2 cache to all multiprocessors that reads reach at best.</summary>
    public required double L2Bandwidth { get; init; }

    public required int Multiprocessors { get; init; }

    /// <summary>Clocks a second under load.</summary>
    public required double Clock { get; init; }

    /// <summary>Operations a clock of a multiprocessor's tensor cores, by mma.sync.</summary>
    public required double MmaFlopsPerClock { get; init; }

    /// <summary>The same by wgmma; 0 without it.</summary>
    public double WgmmaFlopsPerClock { get; init; }

    /// <summary>Seconds of a read from memory under load.</summary>
    public required double MemoryLatency { get; init; }

    /// <summary>Seconds from the end of a graph's node to the start of the next.</summary>
    public required double LaunchGap { get; init; }

    /// <summary>The same if the next kernel may start before; unused by GPUs that cannot.</summary>
    public double OverlappedGap { get; init; }

    /// <summary>Seconds until a kernel's first data is there.</summary>
    public required double Fill { get; init; }

    /// <summary>Seconds from a kernel's last data to its end.</summary>
    public required double Drain { get; init; }

    public required MultiprocessorLimits Limits { get; init; }

    /// <summary>The compute capability that the software GPU takes to run the kernels that this GPU would.</summary>
    public Version ComputeCapability => Limits == MultiprocessorLimits.Sm90 ? new Version(9, 0) : new Version(8, 0);

    /// <exception cref="InvalidInputException">The name is not known.</exception>
    public static GpuModel Find(string name) =>
        All.FirstOrDefault(gpu => gpu.Name == name) ?? throw new InvalidInputException($"--project {name}: is not one of {string.Join(", ", All.Select(gpu => gpu.Name))}");

    /// <summary>The predicted time of launches that run one after the other.</summary>
    /// <param name="launches">What they do.</param>
    /// <param name="share">How often all of them run.</param>
    public PredictedTime Predict(IEnumerable<KernelProfile> launches, double share)
    {
        double seconds = 0;
        var limits = new Dictionary<string, double>();
        foreach (KernelProfile launch in launches)
        {
            (double body, string limit) = Body(launch);
            double around = (launch.IsDependent ? OverlappedGap : LaunchGap) + Fill + Drain;
            seconds += share * (around + body);
            limits["launch"] = limits.GetValueOrDefault("launch") + around;
            limits[limit] = limits.GetValueOrDefault(limit) + body;
        }
        return new PredictedTime(seconds, limits.Count == 0 ? "" : limits.MaxBy(limit => limit.Value).Key);
    }

    private (double Seconds, string Limit) Body(KernelProfile launch)
    {
        ExecutionCounts counts = launch.Total;
        int warps = (launch.ThreadsPerBlock + WarpThreads - 1) / WarpThreads;
        // Registers are not known here; kernels resources shows where they limit more.
        int fitting = Math.Max(1, Math.Min(Math.Min(Limits.Warps / warps, Limits.Blocks), Limits.SharedBytes / Math.Max(1, launch.SharedBytesPerBlock + Limits.ReservedSharedBytes)));
        double resident = Math.Min(launch.Blocks, (double)fitting * Multiprocessors);
        // The multiprocessor with the most blocks ends last.
        double busiest = Math.Ceiling((double)launch.Blocks / Multiprocessors) / launch.Blocks;
        double residentWarps = Math.Min(Math.Ceiling((double)launch.Blocks / Multiprocessors), fitting) * warps;
        double onTheWay = resident * Math.Max(
            ShareOnTheWay * launch.SharedBytesPerBlock * Math.Min(1, launch.DistinctGlobalBytes / Math.Max(1.0, LaunchCounts.Sector * counts.GlobalSectors)),
            BytesOnTheWayOfThread * launch.ThreadsPerBlock);
        (string Name, double Seconds)[] parts =
        [
            ("memory", launch.DistinctGlobalBytes < CachedBytes ? 0 : launch.DistinctGlobalBytes / Math.Min(ReadBandwidth, onTheWay / MemoryLatency)),
            ("L2", LaunchCounts.Sector * counts.GlobalSectors / Math.Min(L2Bandwidth, onTheWay / CacheLatency)),
            ("shared memory", counts.SharedWavefronts * busiest / Clock),
            ("instructions", counts.WarpInstructions * busiest / Clock / Math.Min(InstructionsPerClock, InstructionsPerClockOfWarp * residentWarps)),
            ("mma", MmaFlops(launch) * busiest / Clock / (launch.ByClass.ContainsKey("wgmma") ? WgmmaFlopsPerClock : MmaFlopsPerClock)),
        ];
        (string limit, double most) = parts.MaxBy(part => part.Seconds);
        // Memory and L2 deliver to all multiprocessors while these compute; what a multiprocessor does competes for the same clocks.
        double others = parts.Skip(2).Where(part => part.Name != limit).Sum(part => part.Seconds);
        return (most + ((1 - Overlap) * (limit is "memory" or "L2" ? Math.Max(0, others - most) : others)), limit);
    }

    private static double MmaFlops(KernelProfile launch) => 2.0 * 16 * 8 * 16 * launch.Total.Mma;
}

/// <summary>A prediction.</summary>
/// <param name="Seconds">The time.</param>
/// <param name="Limit">What takes most of it.</param>
internal sealed record PredictedTime(double Seconds, string Limit);
