using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>Rows of logits for the reference on the host, and the same on the device at another stride with NaN behind each row.</summary>
internal sealed unsafe class LogitBuffer : IDisposable
{
    private DeviceBuffer<float>? _device;

    public LogitBuffer(int rows, int vocabulary)
    {
        Host = new CpuActivations(rows, vocabulary);
        // At least one float that no kernel may use.
        Stride = (vocabulary + 4) / 4 * 4;
    }

    public CpuActivations Host { get; }

    public int Stride { get; }

    public DeviceBuffer<float> Device => _device ??= Upload();

    public Span<float> Row(int row) => new(Host.Row(row), Host.Columns);

    public void Dispose()
    {
        Host.Dispose();
        _device?.Dispose();
    }

    private DeviceBuffer<float> Upload()
    {
        float[] all = new float[(Host.Rows * Stride) + 1];
        Array.Fill(all, float.NaN);
        for (int row = 0; row < Host.Rows; row++)
            Row(row).CopyTo(all.AsSpan(row * Stride));
        return KernelUnderTest.Gpu.Upload<float>(all);
    }
}
