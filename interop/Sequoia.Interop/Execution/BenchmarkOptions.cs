namespace Sequoia.Interop;

/// <summary>How <see cref="CudaContext.Benchmark"/> measures.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Runs before the first one that counts.</summary>
    public int WarmUps { get; init; } = 5;

    /// <summary>Runs that count.</summary>
    public int Repeats { get; init; } = 31;

    /// <summary>Whether other data goes through the second-level cache before each run, so that inputs come from memory.</summary>
    public bool FlushL2 { get; init; } = true;
}
