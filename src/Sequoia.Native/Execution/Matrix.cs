using Sequoia.Native.Models;

namespace Sequoia.Native.Execution;

/// <summary>A weight matrix [rows][columns] (a vector has one row) on a device; several tensors may be stacked, row under row.</summary>
internal abstract class Matrix(int rows, int columns)
{
    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    protected static int TotalRows(ReadOnlySpan<TensorView> stacked)
    {
        int rows = 0;
        foreach (TensorView tensor in stacked)
            rows += tensor.Rows;
        return rows;
    }
}
