using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// Matrices of one element type and column count, used in place in the mapped file. Only rows that are not a whole number of
/// chunks (no common model has any) are copied, in their type, and zero-padded.
/// </summary>
internal sealed unsafe class CpuMatrix : Matrix, IDisposable
{
    private readonly List<AlignedBuffer<byte>> _copies = [];

    public CpuMatrix(ReadOnlySpan<TensorView> stacked) : base(TotalRows(stacked), stacked[0].Columns)
    {
        Type = stacked[0].Type;
        Parts = stacked.ToArray();
        if (Columns % Chunks.Size != 0)
            Parts = Array.ConvertAll(Parts, Pad);
    }

    public TensorType Type { get; }

    public TensorView[] Parts { get; }

    public void Dispose() => _copies.ForEach(copy => copy.Dispose());

    private TensorView Pad(TensorView tensor)
    {
        long rowBytes = (long)Columns * Type.Size(), padded = (long)Chunks.RoundUp(Columns) * Type.Size();
        var copy = new AlignedBuffer<byte>(padded * tensor.Rows);
        _copies.Add(copy);
        for (int row = 0; row < tensor.Rows; row++)
            Buffer.MemoryCopy(tensor.Data + (row * rowBytes), copy.Pointer + (row * padded), padded, rowBytes);
        return tensor with { Shape = [tensor.Rows, Chunks.RoundUp(Columns)], Address = (nint)copy.Pointer, Owner = copy };
    }
}

/// <summary>A norm's weights, widened to fp32 once, since they are small, and zero-padded to whole chunks.</summary>
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
