namespace Sequoia.SoftwareGpu;

/// <summary>How the products of mma are summed.</summary>
public enum Numerics
{
    /// <summary>Single-precision fused multiply-adds: quick, and within the usual tolerance of a GPU.</summary>
    Fast,

    /// <summary>As the tensor cores of Ampere and Ada: 8 terms at once, 24 fraction bits, truncated.</summary>
    Ampere,

    /// <summary>As the tensor cores of Hopper: 16 terms at once, 25 fraction bits, truncated.</summary>
    Hopper,
}

/// <summary>In which order warps and blocks run.</summary>
public enum Schedule
{
    /// <summary>Block after block, warp after warp.</summary>
    InOrder,

    /// <summary>Warps of several blocks take turns of random length.</summary>
    Random,

    /// <summary>
    /// As random, and lanes that diverged run on their own until a synchronising instruction joins them: finds code
    /// that relies on warps executing in lockstep.
    /// </summary>
    Adversarial,
}

/// <summary>How a kernel is executed.</summary>
public sealed record LaunchOptions
{
    /// <summary>The defaults: in order, no checks, no counters, one thread.</summary>
    public static LaunchOptions Default { get; } = new();

    /// <summary>The arithmetic of mma.</summary>
    public Numerics Numerics { get; init; }

    /// <summary>The order of warps and blocks.</summary>
    public Schedule Schedule { get; init; }

    /// <summary>The seed of random orders.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Whether initialisation, races, participation and asynchronous copies are checked; bounds and alignment always
    /// are. Checked launches run on one thread.
    /// </summary>
    public bool Checks { get; init; }

    /// <summary>Whether instructions and memory traffic are counted. Counted launches run on one thread.</summary>
    public bool Counters { get; init; }

    /// <summary>
    /// How many threads blocks are shared out to, in order schedule only. With more than one, the order of atomic
    /// operations of different blocks varies.
    /// </summary>
    public int Threads { get; init; } = 1;

    /// <summary>After this many executed warp instructions the launch is stopped.</summary>
    public long InstructionBudget { get; init; } = 20_000_000_000;

    /// <summary>
    /// Bytes of local memory of each thread for calls of functions that call themselves or are called through pointers; a launch
    /// that needs more ends. A GPU's stack holds saved registers as well, so it carries fewer calls in the same space.
    /// </summary>
    public int StackBytes { get; init; } = 16384;

    /// <summary>Where the output of printf goes; null drops it.</summary>
    public TextWriter? Output { get; init; }
}

/// <summary>What a launch did.</summary>
public sealed class LaunchReport
{
    /// <summary>What the checks found, in the order found; each place once.</summary>
    public IReadOnlyList<Finding> Findings { get; internal set; } = [];

    /// <summary>The counters, where they were asked for.</summary>
    public KernelProfile? Profile { get; internal set; }

    /// <summary>Warp instructions executed, as far as the scheduler counts them.</summary>
    public long WarpInstructions { get; internal set; }
}
