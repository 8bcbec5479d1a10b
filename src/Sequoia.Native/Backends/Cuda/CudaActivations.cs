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

/// <summary>
/// Rows that weights or keys are multiplied by, in 16 bits, and the workspace of these products. Workspace belongs to the rows since
/// these belong to one sequence: sequences compute beside each other.
/// </summary>
internal sealed class CudaFactors : Activations
{
    private readonly DeviceParts _parts;
    private readonly Element _element;
    private readonly ushort[] _row;
    private DeviceBuffer<float>? _partials;
    private DeviceBuffer<uint>? _counters;

    public CudaFactors(CudaContext context, int rows, int columns, Element element) : base(rows, columns)
    {
        _parts = new DeviceParts(context, $"room for {rows} rows of {columns}");
        _element = element;
        _row = new ushort[columns];
        Stride = MatMulShape.StrideOf(columns);
        Data = _parts.Allocate<ushort>((long)rows * Stride);
    }

    /// <summary>Elements from one row to the next.</summary>
    public int Stride { get; }

    public DeviceBuffer<ushort> Data { get; }

    /// <summary>Room for partial sums.</summary>
    public nint Partials => _partials?.Handle ?? 0;

    /// <summary>Counters, 0 before and after each product.</summary>
    public nint Counters => _counters?.Handle ?? 0;

    /// <summary>Makes room for what a product, or attention, takes beside its operands.</summary>
    public void Reserve(long partials, int counters)
    {
        if (partials > (_partials?.Length ?? 0))
            _partials = _parts.Allocate<float>(partials);
        if (counters > (_counters?.Length ?? 0))
            _counters = _parts.Upload(new uint[counters]);
    }

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
/// A stream. It is a non-blocking one: while it is recorded, other threads may copy through the default stream, as they do when a model is
/// loaded, which a recording of a blocking stream forbids.
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
