using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>Matrices of one element type and column count, left where they are in the mapped file.</summary>
internal sealed class CpuWeight : Weight
{
    public CpuWeight(ReadOnlySpan<TensorView> stacked) : base(TotalRows(stacked), stacked[0].Columns)
    {
        Type = stacked[0].Type;
        foreach (TensorView tensor in stacked)
        {
            if (tensor.Type != Type)
                throw new InvalidInputException($"tensors '{stacked[0].Name}' and '{tensor.Name}' differ in type ({Type}, {tensor.Type}); store both in one");
        }
        Parts = stacked.ToArray();
    }

    public TensorType Type { get; }

    public TensorView[] Parts { get; }

    public long Bytes => (long)Rows * Columns * Type.Size();

    private static int TotalRows(ReadOnlySpan<TensorView> stacked)
    {
        int rows = 0;
        foreach (TensorView tensor in stacked)
            rows += tensor.Rows;
        return rows;
    }
}
