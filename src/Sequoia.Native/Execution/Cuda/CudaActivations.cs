using Sequoia.Interop;

namespace Sequoia.Native.Execution.Cuda;

internal sealed class CudaActivations(CudaContext context, int rows, int columns) : Activations(rows, columns)
{
    public DeviceBuffer<float> Data { get; } = context.Allocate<float>((long)rows * columns);

    public override void Download(int row, Span<float> destination) => Data.CopyTo(destination[..Columns], (long)row * Columns);

    public override void Dispose() => Data.Dispose();
}
