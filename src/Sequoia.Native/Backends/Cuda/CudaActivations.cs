using Sequoia.Interop;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cuda;

internal sealed class CudaActivations(CudaContext context, int rows, int columns) : Activations(rows, columns)
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

/// <summary>Rows that weights or keys are multiplied by, in 16 bits, and the workspace of their products.</summary>
internal sealed class CudaOperands : Activations
{
    private readonly DeviceParts _parts;
    private readonly Element _element;
    private readonly ushort[] _row;

    /// <param name="context">The context.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="element">The element type.</param>
    /// <param name="partials">The most floats of partial sums that any of their products, or attention, needs.</param>
    /// <param name="counters">The most counters that any of their products needs.</param>
    public CudaOperands(CudaContext context, int rows, int columns, Element element, long partials, int counters) : base(rows, columns)
    {
        _parts = new DeviceParts(context, $"room for {rows} rows of {columns}");
        _element = element;
        _row = new ushort[columns];
        Stride = WeightBlocks.Padded(columns);
        // Products read whole blocks of columns and whole tiles of rows. Padding of columns stays 0.
        Data = _parts.Upload(new ushort[(long)MatMulGrid.RowsInTiles(rows) * Stride]);
        Partials = partials == 0 ? 0 : _parts.Allocate<float>(partials).Handle;
        Counters = counters == 0 ? 0 : _parts.Upload(new uint[counters]).Handle;
    }

    /// <summary>Elements from one row to the next.</summary>
    public int Stride { get; }

    public DeviceBuffer<ushort> Data { get; }

    /// <summary>Space for partial sums; 0 if no product needs any.</summary>
    public nint Partials { get; }

    /// <summary>Counters, 0 before and after each product.</summary>
    public nint Counters { get; }

    public override void Download(WorkQueue queue, int row, Span<float> destination)
    {
        Data.CopyTo(_row, (long)row * Stride, CudaQueue.StreamOf(queue));
        for (int i = 0; i < _row.Length; i++)
            destination[i] = Elements.Widen(_row[i], _element);
    }

    public override void Dispose() => _parts.Dispose();
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
