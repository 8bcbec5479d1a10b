namespace Sequoia.Native.Execution;

/// <summary>
/// Keys and values of one model, all layers. Rows 0 .. Length-1 belong to committed tokens; a tree's rows sit behind them,
/// node i at row Length + i, until they are compacted or overwritten.
/// </summary>
internal abstract class KvCache(int capacity) : IDisposable
{
    /// <summary>Committed rows (tokens).</summary>
    public int Length { get; set; }

    /// <summary>Allocated rows.</summary>
    public int Capacity { get; } = capacity;

    public abstract void Dispose();
}
