namespace Sequoia.Native.Execution;

/// <summary>A matrix of activations on a device: one row per token.</summary>
internal abstract class Activations(int rows, int columns) : IDisposable
{
    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    /// <summary>Copies one row to the host, when the queue has come so far.</summary>
    public abstract void Download(WorkQueue queue, int row, Span<float> destination);

    public abstract void Dispose();
}
