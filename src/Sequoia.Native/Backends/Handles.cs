using Sequoia.Native.Models;

namespace Sequoia.Native.Backends;

/// <summary>A matrix of activations on a device: one row per token.</summary>
internal abstract class Activations(int rows, int columns) : IDisposable
{
    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public abstract void Dispose();
}

/// <summary>Activations in fp32.</summary>
internal abstract class Accumulators(int rows, int columns) : Activations(rows, columns)
{
    /// <summary>Copies one row to the host, after all earlier work in the queue.</summary>
    public abstract void Download(WorkQueue queue, int row, Span<float> destination);
}

/// <summary>A weight matrix [rows][columns] (a vector has one row) on a device; several tensors may be stacked by rows.</summary>
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
/// A command queue. Work in a queue runs in order and does not wait for other queues. A device that runs work immediately needs no queue of its own.
/// </summary>
internal class WorkQueue : IDisposable
{
    public virtual void Dispose()
    {
    }
}

/// <summary>Holds a device's recording of repeated work.</summary>
internal sealed class Recording
{
    /// <summary>The device's own recording.</summary>
    public IDisposable? Replay { get; set; }

    /// <summary>Discards the recording because the work changes.</summary>
    public void Forget()
    {
        Replay?.Dispose();
        Replay = null;
    }
}

/// <summary>The parts of an object. They are disposed together, the last first, also if construction fails halfway.</summary>
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
