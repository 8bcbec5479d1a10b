using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>[position][pair], the same bits as on the CPU.</summary>
internal sealed class CudaRopeTable : RopeTable
{
    public CudaRopeTable(CudaContext context, LlamaConfig config, int positions)
    {
        var table = new CpuRopeTable(config, positions);
        (Cos, Sin) = (context.Upload<float>(table.Cos), context.Upload<float>(table.Sin));
    }

    public DeviceBuffer<float> Cos { get; }

    public DeviceBuffer<float> Sin { get; }
}
