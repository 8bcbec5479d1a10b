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
    /// <param name="room">The workspace.</param>
    protected CudaNarrow(CudaContext context, int rows, int columns, long elements, SumRoom room) : base(rows, columns)
    {
        Parts = new DeviceParts(context, $"room for {rows} rows of {columns}");
        Data = Parts.Upload(new ushort[elements]);
        Partials = room.Partials == 0 ? 0 : Parts.Allocate<float>(room.Partials).Handle;
        Counters = room.Counters == 0 ? 0 : Parts.Upload(new uint[room.Counters]).Handle;
    }

    public DeviceBuffer<ushort> Data { get; }

    /// <summary>Space for partial sums; 0 if none is needed.</summary>
    public nint Partials { get; }

    /// <summary>Counters, 0 before and after each use.</summary>
    public nint Counters { get; }

    protected DeviceParts Parts { get; }

    public override void Dispose() => Parts.Dispose();
}

/// <summary>A workspace for sums that several blocks share.</summary>
/// <param name="Partials">Floats of partial sums.</param>
/// <param name="Counters">Counters of arrived blocks.</param>
internal readonly record struct SumRoom(long Partials, int Counters);

/// <summary>Queries, row after row, and the workspace of attention.</summary>
internal sealed class CudaQueries(CudaContext context, int rows, int columns, SumRoom room)
    : CudaNarrow(context, rows, columns, (long)rows * StrideOf(columns), room)
{
    /// <summary>Elements from one row to the next.</summary>
    public int Stride { get; } = StrideOf(columns);

    // Rows begin at multiples of 16 bytes.
    private static int StrideOf(int columns) => 2 * CudaActivations.StrideOf((columns + 1) / 2);
}

/// <summary>Rows that matrices are multiplied by, in blocks (<see cref="OperandBlocks"/>), and the workspace of their products.</summary>
internal class CudaOperands(CudaContext context, int rows, int columns, SumRoom room)
    : CudaNarrow(context, rows, columns, (long)MatMulGrid.RowsInTiles(rows) * OperandBlocks.Padded(columns), room)
{
    /// <summary>Rows that the blocks have, including padding.</summary>
    public int BlockRows { get; } = MatMulGrid.RowsInTiles(rows);
}

/// <summary>Rows of the residual stream as a norm's operands, which products divide by their root mean squares (norm.cuh).</summary>
internal sealed class CudaNormed : CudaOperands
{
    /// <summary>NORM_COLUMNS of norm.cuh.</summary>
    public const int PartColumns = 128;

    private readonly DeviceBuffer<float> _squares;
    private DeviceBuffer<float> _before = null!;

    public CudaNormed(CudaContext context, int rows, int columns, SumRoom room) : base(context, rows, columns, room) =>
        _squares = Parts.Allocate<float>((long)rows * PartsOf(columns));

    /// <summary>What products of these rows need to know.</summary>
    public DeviceNorm Norm { get; private set; }

    /// <summary>Makes two of them follow each other in turn.</summary>
    public void Alternate(CudaNormed other) => (_before, other._before) = (other._squares, _squares);

    /// <summary>What a kernel needs to write these rows. From now on <see cref="Norm"/> is about them.</summary>
    public DeviceNorm Begin(NextNorm norm)
    {
        nint first = (nint)norm.FirstRow * PartsOf(Columns) * sizeof(float);
        Norm = new DeviceNorm { Before = _before.Handle + first, Squares = _squares.Handle + first, Epsilon = norm.Epsilon };
        return Norm with { Before = _before.Handle, Squares = _squares.Handle };
    }

    /// <summary>The number of sums of squares of a row.</summary>
    public static int PartsOf(int columns) => MatMulShape.Ceiling(columns, PartColumns);
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
