using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

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
