using Sequoia.Interop;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>Rows of logits for the reference on the host, and the same on the device at another stride with NaN behind each row.</summary>
internal sealed unsafe class LogitBuffer : IDisposable
{
    private DeviceBuffer<float>? _device;

    public LogitBuffer(int rows, int vocabulary) : this(new CpuActivations(rows, vocabulary))
    {
    }

    public LogitBuffer(CpuActivations rows) => Host = rows;

    public CpuActivations Host { get; }

    public int Stride => PaddedRows.StrideOf(Host.Columns);

    public DeviceBuffer<float> Device => _device ??= PaddedRows.Upload(KernelUnderTest.Gpu, Host);

    public Span<float> Row(int row) => new(Host.Row(row), Host.Columns);

    public void Dispose()
    {
        Host.Dispose();
        _device?.Dispose();
    }
}
