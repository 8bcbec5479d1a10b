using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

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
