using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

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
