using Sequoia.Native.Models;

namespace Sequoia.Native.Backends;

/// <summary>A matrix of activations on a device: one row per token.</summary>
internal abstract class Activations(int rows, int columns) : IDisposable
{
    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    /// <summary>Copies one row to the host, when the queue has come so far.</summary>
    public abstract void Download(WorkQueue queue, int row, Span<float> destination);

    public abstract void Dispose();
}

/// <summary>A weight matrix [rows][columns] (a vector has one row) on a device; several tensors may be stacked, row under row.</summary>
internal abstract class Matrix(int rows, int columns)
{
    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    protected static int TotalRows(ReadOnlySpan<TensorView> stacked)
    {
        int rows = 0;
        foreach (TensorView tensor in stacked)
            rows += tensor.Rows;
        return rows;
    }
}

/// <summary>Cosines and sines of the rotary embedding on a device.</summary>
internal abstract class RopeTable : IDisposable
{
    public abstract void Dispose();
}

/// <summary>
/// A command queue: work that is put into one runs in order, and waits for no other queue. A device that works at once needs none of its own.
/// </summary>
internal class WorkQueue : IDisposable
{
    public virtual void Dispose()
    {
    }
}

/// <summary>A place for what a device has recorded of repeated work.</summary>
internal sealed class Recording
{
    /// <summary>The device's own.</summary>
    public IDisposable? Replay { get; set; }

    /// <summary>The work will be another.</summary>
    public void Forget()
    {
        Replay?.Dispose();
        Replay = null;
    }
}

/// <summary>What something is made of, disposed of together, the last first: also where making it failed half-way.</summary>
internal sealed class Parts : IDisposable
{
    private readonly Stack<IDisposable> _parts = [];

    public T Own<T>(T part) where T : IDisposable
    {
        _parts.Push(part);
        return part;
    }

    public void Dispose()
    {
        while (_parts.TryPop(out IDisposable? part))
            part.Dispose();
    }
}
