using Sequoia.SoftwareGpu.Check;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>The sizes that determine which block objects a launch can reuse.</summary>
internal readonly record struct LaunchShape(int Warps, int SharedBytes, int LocalBytes);

/// <summary>One launch: the state that all its blocks share. The copy of the parameters lives as long as the launch.</summary>
internal sealed unsafe class Launch
{
    public required DeviceMemory Memory { get; init; }

    public required Kernel Kernel { get; init; }

    public required (uint X, uint Y, uint Z) GridSize { get; init; }

    public required (uint X, uint Y, uint Z) BlockSize { get; init; }

    public required int DynamicSharedBytes { get; init; }

    public required LaunchShape Shape { get; init; }

    public required LaunchOptions Options { get; init; }

    public byte* Parameters { get; init; }

    public int ParameterBytes { get; init; }

    /// <summary>Whether it may start before earlier kernels have ended.</summary>
    public bool IsDependent { get; init; }

    /// <summary>The launches before it that it may overtake if it is dependent, and itself.</summary>
    public required LaunchChain Chain { get; init; }

    /// <summary>What is told which memory the launch accesses, in checked launches. Null if nobody wants to know.</summary>
    public LaunchAccesses? Accesses { get; init; }

    public long Blocks => (long)GridSize.X * GridSize.Y * GridSize.Z;

    private int Threads => (int)(BlockSize.X * BlockSize.Y * BlockSize.Z);

    public (uint X, uint Y, uint Z) PositionOf(long number) => (
        (uint)(number % GridSize.X),
        (uint)(number / GridSize.X % GridSize.Y),
        (uint)(number / ((long)GridSize.X * GridSize.Y)));

    /// <summary>The last warp of a block can have fewer than 32 threads.</summary>
    public uint InitialMask(int warp)
    {
        int threads = int.Min(32, Threads - (warp * 32));
        return threads == 32 ? uint.MaxValue : (1u << threads) - 1;
    }
}
