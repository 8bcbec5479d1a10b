using Sequoia.Interop;
using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>
/// A matrix on the device, in 16 bits and in the order of rows that its product wants (<see cref="PairedRows"/>); rows begin at multiples of 16
/// bytes, and what lies behind their columns is zero.
/// </summary>
internal sealed class CudaWeight : Weight, IDisposable
{
    // It comes through the host in pieces of this many elements.
    private const int Piece = 1 << 20;

    /// <param name="context">Where it goes.</param>
    /// <param name="shape">How it is stored.</param>
    /// <param name="element">The type.</param>
    /// <param name="order">The row of a part that each stored row is.</param>
    /// <param name="parts">The tensors.</param>
    public CudaWeight(CudaContext context, MatMulShape shape, Element element, Func<int, SourceRow> order, params ReadOnlySpan<TensorView> parts)
        : base(shape.Outputs, shape.Columns)
    {
        Shape = shape;
        Data = new DeviceParts(context, $"tensor '{parts[0].Name}'", areWeights: true).Allocate<ushort>((long)shape.StoredRows * shape.Stride);
        try
        {
            int rowsOfPiece = Math.Clamp(Piece / shape.Stride, 1, shape.StoredRows);
            ushort[] piece = new ushort[rowsOfPiece * shape.Stride];
            for (int first = 0; first < shape.StoredRows; first += rowsOfPiece)
            {
                int count = Math.Min(rowsOfPiece, shape.StoredRows - first);
                for (int i = 0; i < count; i++)
                {
                    Span<ushort> row = piece.AsSpan(i * shape.Stride, shape.Stride);
                    SourceRow source = order(first + i);
                    row.Clear();
                    if (source != SourceRow.Padding)
                        Elements.Narrow(parts[source.Part], (long)source.Row * Columns, row[..Columns], element);
                }
                Data.CopyFrom(piece.AsSpan(0, count * shape.Stride), (long)first * shape.Stride);
            }
        }
        catch
        {
            Data.Dispose();
            throw;
        }
    }

    public MatMulShape Shape { get; }

    public DeviceBuffer<ushort> Data { get; }

    public void Dispose() => Data.Dispose();
}
