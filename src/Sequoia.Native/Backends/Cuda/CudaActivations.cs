using Sequoia.Interop;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cuda;

internal sealed class CudaActivations(CudaContext context, int rows, int columns) : Accumulators(rows, columns)
{
    // Rows begin at multiples of 16 bytes.
    private const int Alignment = 4;

    /// <summary>Floats from one row to the next.</summary>
    public int Stride { get; } = StrideOf(columns);

    public DeviceBuffer<float> Data { get; } = new DeviceParts(context, $"room for {rows} rows of {columns}").Allocate<float>((long)rows * StrideOf(columns));

    public static int StrideOf(int columns) => (columns + Alignment - 1) / Alignment * Alignment;

    /// <summary>The device's address of a row.</summary>
    public nint Row(int row) => Data.Handle + (nint)((long)row * Stride * sizeof(float));

    public override void Download(WorkQueue queue, int row, Span<float> destination) => Data.CopyTo(destination[..Columns], (long)row * Stride, CudaQueue.StreamOf(queue));

    public override void Dispose() => Data.Dispose();
}

/// <summary>Rows in 16 bits, and the workspace of what multiplies them.</summary>
internal abstract class CudaNarrow : Activations
{
    /// <param name="context">The context.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="elements">The elements of all rows, including padding, which is 0 at first.</param>
    /// <param name="partials">The most floats of partial sums that are needed.</param>
    /// <param name="counters">The most counters that are needed.</param>
    protected CudaNarrow(CudaContext context, int rows, int columns, long elements, long partials, int counters) : base(rows, columns)
    {
        Parts = new DeviceParts(context, $"room for {rows} rows of {columns}");
        Data = Parts.Upload(new ushort[elements]);
        Partials = partials == 0 ? 0 : Parts.Allocate<float>(partials).Handle;
        Counters = counters == 0 ? 0 : Parts.Upload(new uint[counters]).Handle;
    }

    public DeviceBuffer<ushort> Data { get; }

    /// <summary>Space for partial sums; 0 if none is needed.</summary>
    public nint Partials { get; }

    /// <summary>Counters, 0 before and after each use.</summary>
    public nint Counters { get; }

    protected DeviceParts Parts { get; }

    public override void Dispose() => Parts.Dispose();
}

/// <summary>Queries, row after row, and the workspace of attention.</summary>
internal sealed class CudaQueries(CudaContext context, int rows, int columns, long partials, int counters)
    : CudaNarrow(context, rows, columns, (long)rows * StrideOf(columns), partials, counters)
{
    /// <summary>Elements from one row to the next.</summary>
    public int Stride { get; } = StrideOf(columns);

    // Rows begin at multiples of 16 bytes.
    private static int StrideOf(int columns) => 2 * CudaActivations.StrideOf((columns + 1) / 2);
}

/// <summary>Rows that matrices are multiplied by, in blocks (<see cref="OperandBlocks"/>), and the workspace of their products.</summary>
internal sealed class CudaOperands(CudaContext context, int rows, int columns, long partials, int counters)
    : CudaNarrow(context, rows, columns, (long)MatMulGrid.RowsInTiles(rows) * OperandBlocks.Padded(columns), partials, counters)
{
    /// <summary>Rows that the blocks have, including padding.</summary>
    public int BlockRows { get; } = MatMulGrid.RowsInTiles(rows);
}

/// <summary>[position][pair], the same bits as on the CPU.</summary>
internal sealed class CudaRopeTable : RopeTable
{
    private readonly DeviceParts _parts;

    public CudaRopeTable(CudaContext context, LlamaConfig config, int positions)
    {
        var table = new CpuRopeTable(config, positions);
        _parts = new DeviceParts(context, $"a table of {positions} positions");
        (Cos, Sin) = (_parts.Upload(table.Cos), _parts.Upload(table.Sin));
    }

    public DeviceBuffer<float> Cos { get; }

    public DeviceBuffer<float> Sin { get; }

    public override void Dispose() => _parts.Dispose();
}

/// <summary>
/// A non-blocking stream. While it is being captured, other threads may copy through the default stream, as they do when a model is
/// loaded; capturing a blocking stream forbids this.
/// </summary>
internal sealed class CudaQueue(CudaContext context) : WorkQueue
{
    private readonly CudaStream _stream = context.CreateStream(nonBlocking: true);

    public static CudaStream StreamOf(WorkQueue queue) => ((CudaQueue)queue)._stream;

    public override void Dispose()
    {
        base.Dispose();
        _stream.Dispose();
    }
}
