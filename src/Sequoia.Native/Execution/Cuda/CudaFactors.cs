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

    /// <summary>Room for partial sums. What was given before stays, since recorded launches may use it.</summary>
    public nint Partials(long floats)
    {
        if (floats == 0)
            return 0;
        if (_partials is null || _partials.Length < floats)
            _partials = _parts.Allocate<float>(floats);
        return _partials.Handle;
    }

    /// <summary>Counters, 0 when they are given and after each product.</summary>
    public nint Counters(int count)
    {
        if (count == 0)
            return 0;
        if (_counters is null || _counters.Length < count)
        {
            _counters = _parts.Allocate<uint>(count);
            _counters.FillAsync(0, CudaQueue.Current);
        }
        return _counters.Handle;
    }

    public override void Download(int row, Span<float> destination)
    {
        Data.CopyTo(_row, (long)row * Stride, CudaQueue.Current);
        for (int i = 0; i < _row.Length; i++)
            destination[i] = Elements.Widen(_row[i], _element);
    }

    public override void Dispose() => _parts.Dispose();
}
