using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Rows of logits on the device, at another stride than on the host, with NaN behind each row.</summary>
internal static unsafe class PaddedRows
{
    private const int Step = 4;

    /// <summary>Floats from one row to the next: at least one that no kernel may use, and a multiple of 16 bytes.</summary>
    public static int StrideOf(int vocabulary) => (vocabulary + Step) / Step * Step;

    public static DeviceBuffer<float> Upload(CudaContext gpu, CpuActivations rows)
    {
        int stride = StrideOf(rows.Columns);
        float[] all = new float[(rows.Rows * stride) + 1];
        Array.Fill(all, float.NaN);
        for (int row = 0; row < rows.Rows; row++)
            new Span<float>(rows.Row(row), rows.Columns).CopyTo(all.AsSpan(row * stride));
        return gpu.Upload<float>(all);
    }
}
