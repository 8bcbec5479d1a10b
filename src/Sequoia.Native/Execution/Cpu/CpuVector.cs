using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>A norm's weights, widened to fp32 once: they are small, and zero-padded to whole chunks.</summary>
internal sealed unsafe class CpuVector : Matrix
{
    private readonly float[] _values;

    public CpuVector(TensorView tensor) : base(1, tensor.Columns)
    {
        _values = GC.AllocateArray<float>(Chunks.RoundUp(tensor.Columns), pinned: true);
        RowReader.Widen(tensor, 0, Data);
    }

    public float* Data => (float*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_values, 0);
}
