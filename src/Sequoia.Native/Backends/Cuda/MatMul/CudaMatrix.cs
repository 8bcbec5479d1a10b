using System.Buffers;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// A matrix on the device, in 16 bits, in the row order that its product needs (<see cref="PairedRows"/>) and in blocks (<see cref="WeightBlocks"/>).
/// The padding after the columns is zero.
/// </summary>
internal sealed class CudaMatrix : Matrix, IDisposable
{
    /// <param name="context">The context of the device memory.</param>
    /// <param name="shape">How it is stored.</param>
    /// <param name="element">The type.</param>
    /// <param name="order">The part and row of each stored row.</param>
    /// <param name="staging">Copies rows to the device.</param>
    /// <param name="parts">The tensors.</param>
    public CudaMatrix(CudaContext context, MatMulShape shape, Element element, Func<int, SourceRow> order, CudaStaging staging, params ReadOnlySpan<TensorView> parts)
        : base(shape.Outputs, shape.Columns)
    {
        Shape = shape;
        Data = new DeviceParts(context, $"tensor '{parts[0].Name}'", areWeights: true).Allocate<ushort>(WeightBlocks.Of(shape.StoredRows, shape.Columns));
        try
        {
            staging.Bring(Data, shape.StoredRows, shape.Columns, RowsOf(shape.Columns, element, order, parts));
        }
        catch
        {
            Data.Dispose();
            throw;
        }
    }

    public MatMulShape Shape { get; }

    public DeviceBuffer<ushort> Data { get; }

    /// <summary>Writes stored rows of tensors, with padding.</summary>
    /// <param name="columns">The number of columns, without padding.</param>
    /// <param name="element">The type.</param>
    /// <param name="order">The part and row of each stored row.</param>
    /// <param name="parts">The tensors.</param>
    public static CudaStaging.FillRow RowsOf(int columns, Element element, Func<int, SourceRow> order, params ReadOnlySpan<TensorView> parts)
    {
        TensorView[] tensors = parts.ToArray();
        return (stored, row) =>
        {
            SourceRow source = order(stored);
            int used = source == SourceRow.Padding ? 0 : columns;
            if (used > 0)
                Elements.Narrow(tensors[source.Part], (long)source.Row * columns, row[..used], element);
            row[used..].Clear();
        };
    }

    public void Dispose() => Data.Dispose();
}

/// <summary>
/// Copies matrices to a device in blocks, through pinned memory with double buffering: while the device copies one piece, the host's threads fill the
/// other. Used by one thread at a time.
/// </summary>
internal sealed unsafe class CudaStaging(CudaContext context) : IDisposable
{
    // Elements of a piece, or one band of blocks. Smaller pieces would make threads wait for each other more often.
    private const int Piece = 1 << 22;

    private readonly DeviceParts _parts = new(context, "room to load weights", areWeights: true);
    private readonly PinnedBuffer<ushort>?[] _pieces = new PinnedBuffer<ushort>?[2];
    private readonly CudaEvent?[] _copied = new CudaEvent?[2];
    private CudaStream? _stream;

    /// <summary>Writes a complete row, including padding.</summary>
    public delegate void FillRow(int row, Span<ushort> destination);

    /// <summary>Copies all rows and waits for completion. Several threads call <paramref name="fill"/> concurrently.</summary>
    /// <param name="target">The destination.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="fill">Writes a row's elements.</param>
    public void Bring(DeviceBuffer<ushort> target, int rows, int columns, FillRow fill)
    {
        // It does not wait for other streams, and so does not affect another thread's capture.
        _stream ??= context.CreateStream(nonBlocking: true);
        int band = WeightBlocks.OfBand(columns), rowsOfPiece = RowsOfPiece(columns), turn = 0;
        try
        {
            for (int first = 0; first < rows; first += rowsOfPiece, turn = 1 - turn)
            {
                if (_pieces[turn] is null || _pieces[turn]!.Length < band)
                    _pieces[turn] = _parts.AllocatePinned<ushort>(Math.Max(Piece, band));
                PinnedBuffer<ushort> piece = _pieces[turn]!;
                CudaEvent copied = _copied[turn] ??= context.CreateEvent(timing: false);
                copied.Synchronize();
                int count = Math.Min(rowsOfPiece, rows - first), filled = MatMulShape.Ceiling(count, WeightBlocks.Rows) * band;
                ArrangePiece((ushort*)piece.Handle, first, count, columns, fill);
                // Rows of padding in the last band may hold anything.
                target.CopyFromAsync(piece, filled, _stream, (long)first / WeightBlocks.Rows * band);
                copied.Record(_stream);
            }
        }
        finally
        {
            _stream.Synchronize();
        }
    }

    /// <summary>Writes all rows to host memory as a device stores them. Several threads call <paramref name="fill"/> concurrently.</summary>
    /// <param name="target">Memory of all blocks.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="fill">Writes a row's elements.</param>
    public static void Arrange(ushort* target, int rows, int columns, FillRow fill)
    {
        int band = WeightBlocks.OfBand(columns), rowsOfPiece = RowsOfPiece(columns);
        for (int first = 0; first < rows; first += rowsOfPiece)
            ArrangePiece(target + ((long)first / WeightBlocks.Rows * band), first, Math.Min(rowsOfPiece, rows - first), columns, fill);
    }

    public void Dispose()
    {
        _parts.Dispose();
        foreach (IDisposable? part in (IDisposable?[])[.. _copied, _stream])
            part?.Dispose();
    }

    private static int RowsOfPiece(int columns) => Math.Max(1, Piece / WeightBlocks.OfBand(columns)) * WeightBlocks.Rows;

    private static void ArrangePiece(ushort* target, int first, int count, int columns, FillRow fill)
    {
        nint address = (nint)target;
        int threads = Math.Min(Environment.ProcessorCount, count), filled = MatMulShape.Ceiling(count, WeightBlocks.Rows) * WeightBlocks.OfBand(columns);
        Parallel.For(0, threads, thread =>
        {
            ushort[] whole = ArrayPool<ushort>.Shared.Rent(OperandBlocks.Padded(columns));
            Span<ushort> elements = whole.AsSpan(0, OperandBlocks.Padded(columns));
            for (int row = (int)((long)count * thread / threads); row < (int)((long)count * (thread + 1) / threads); row++)
            {
                fill(first + row, elements);
                WeightBlocks.Write(elements, row, new Span<ushort>((ushort*)address, filled));
            }
            ArrayPool<ushort>.Shared.Return(whole);
        });
    }
}

/// <summary>A norm's weights, widened to fp32.</summary>
internal sealed unsafe class CudaVector : Matrix, IDisposable
{
    public CudaVector(CudaContext context, TensorView tensor) : base(1, tensor.Columns)
    {
        float[] values = new float[Columns];
        fixed (float* first = values)
            RowReader.Widen(tensor, 0, first);
        Data = new DeviceParts(context, $"tensor '{tensor.Name}'", areWeights: true).Upload(values);
    }

    public DeviceBuffer<float> Data { get; }

    public void Dispose() => Data.Dispose();
}
