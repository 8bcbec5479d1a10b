using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>A matrix product split into bands of weight rows.</summary>
internal sealed unsafe class MatMulJob(CpuKernels kernels) : ParallelJob
{
    // Every band starts on a whole register tile of every instruction set.
    private const int RowsPerTile = 4;

    private TensorView[] _parts = [];
    private int _bandRows;
    private float* _x;
    private long _xStride;
    private CpuActivations? _y;
    private int _firstRow;
    private int _tokens;
    private bool _add;

    /// <summary>Sets the operands and returns the number of bands.</summary>
    public int Set(CpuMatrix weight, float* x, long xStride, CpuActivations y, int firstRow, int tokens, bool add, int wantedBands)
    {
        _x = x;
        (_parts, _xStride, _y, _firstRow, _tokens, _add) = (weight.Parts, xStride, y, firstRow, tokens, add);
        int rows = (weight.Rows + wantedBands - 1) / wantedBands;
        _bandRows = (rows + RowsPerTile - 1) / RowsPerTile * RowsPerTile;
        int bands = 0;
        foreach (TensorView part in _parts)
            bands += Bands(part);
        return bands;
    }

    public override void Execute(int item, int worker)
    {
        int part = 0, outputColumn = 0;
        for (; item >= Bands(_parts[part]); part++)
        {
            item -= Bands(_parts[part]);
            outputColumn += _parts[part].Rows;
        }
        int first = item * _bandRows, last = Math.Min(first + _bandRows, _parts[part].Rows);
        kernels.MatMul(_parts[part], first, last, _x, _xStride, _y!.Row(_firstRow) + outputColumn, _y.Stride, _tokens, _add);
    }

    private int Bands(in TensorView part) => (part.Rows + _bandRows - 1) / _bandRows;
}
