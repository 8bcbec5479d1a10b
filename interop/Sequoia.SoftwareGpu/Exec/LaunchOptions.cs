namespace Sequoia.SoftwareGpu;

/// <summary>How the products of mma are accumulated.</summary>
public enum Numerics
{
    /// <summary>Single-precision fused multiply-adds. Fast, and within the usual tolerance of a GPU.</summary>
    Fast,

    /// <summary>As on the tensor cores of Ampere and Ada: 8 terms at once, 24 fraction bits, truncated.</summary>
    Ampere,

    /// <summary>As on the tensor cores of Hopper: 16 terms at once, 25 fraction bits, truncated.</summary>
    Hopper,
}

/// <summary>The order in which warps and blocks run.</summary>
public enum Schedule
{
    /// <summary>Blocks run one after another, and so do the warps in a block.</summary>
    InOrder,

    /// <summary>Warps of several blocks alternate, each for a random length.</summary>
    Random,

    /// <summary>
    /// Like random, but diverged lanes run independently until a synchronizing instruction joins them. This finds code that relies on lockstep
    /// execution of warps.
    /// </summary>
    Adversarial,
}

/// <summary>The order in which the software driver runs work of several streams, or nodes of a graph, that nothing orders.</summary>
public enum StreamOrder
{
    /// <summary>
    /// Nodes of a graph in the order of the capture. Work in streams when a caller waits for it, and of other streams only what it has to follow.
    /// </summary>
    AsQueued,

    /// <summary>In a random order, given by the seed.</summary>
    Random,

    /// <summary>Copies as early as what they wait for allows, and before all kernels that can run. This finds copies that do not wait for readers.</summary>
    EarlyCopies,

    /// <summary>Copies as late as possible, after all kernels that can run. This finds kernels that do not wait for copies.</summary>
    LateCopies,
}

/// <summary>How a kernel executes.</summary>
public sealed record LaunchOptions
{
    /// <summary>The default options: in order, no checks, no counters, one thread.</summary>
    public static LaunchOptions Default { get; } = new();

    /// <summary>The arithmetic of mma.</summary>
    public Numerics Numerics { get; init; }

    /// <summary>The order of warps and blocks.</summary>
    public Schedule Schedule { get; init; }

    /// <summary>The order of work that neither a stream nor an event nor a graph orders. The launch of one kernel does not use it.</summary>
    public StreamOrder StreamOrder { get; init; }

    /// <summary>The seed for random orders.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Whether to check initialization, races, participation and asynchronous copies; the software driver also checks races between streams. Bounds and alignment are always checked. Checked launches run
    /// on one thread.
    /// </summary>
    public bool Checks { get; init; }

    /// <summary>Whether to count instructions and memory traffic. Counted launches run on one thread.</summary>
    public bool Counters { get; init; }

    /// <summary>
    /// The number of threads that run blocks, in the in-order schedule only. With more than one, the order of atomic operations from different
    /// blocks varies.
    /// </summary>
    public int Threads { get; init; } = 1;

    /// <summary>The number of executed warp instructions after which the launch stops.</summary>
    public long InstructionBudget { get; init; } = 20_000_000_000;

    /// <summary>
    /// The local memory per thread, in bytes, for calls to functions that are recursive or called through pointers. A launch that needs more stops.
    /// A GPU's stack also holds saved registers, so it holds fewer calls in the same space.
    /// </summary>
    public int StackBytes { get; init; } = 16384;

    /// <summary>The writer for the output of printf. If null, the output is discarded.</summary>
    public TextWriter? Output { get; init; }
}

/// <summary>The result of a launch.</summary>
public sealed class LaunchReport
{
    /// <summary>The findings of the checks, in the order found. Each location appears once.</summary>
    public IReadOnlyList<Finding> Findings { get; internal set; } = [];

    /// <summary>The counters, if they were requested.</summary>
    public KernelProfile? Profile { get; internal set; }

    /// <summary>The number of executed warp instructions, as counted by the scheduler.</summary>
    public long WarpInstructions { get; internal set; }
}
