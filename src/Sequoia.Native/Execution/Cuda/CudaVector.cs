using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

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
