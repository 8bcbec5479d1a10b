using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>A product with parts of a matrix, split into bands of weight rows.</summary>
internal sealed unsafe class MatMulJob(CpuKernels kernels) : ParallelJob
{
    // Every band starts on a whole register tile of every instruction set.
    private const int RowsPerTile = 4;

    private CpuMatrix? _weight;
    private int[] _bandsLeft = [];
    private int _firstPart;
    private int _bandRows;
    private float* _x;
    private long _xStride;
    private CpuActivations? _y;
    private int _firstRow;
    private int _tokens;
    private bool _add;

    /// <summary>Sets the operands and returns the number of bands. Each part is released after its last band.</summary>
    public int Set(CpuMatrix weight, int firstPart, int endPart, float* x, long xStride, CpuActivations y, int firstRow, int tokens, bool add, int wantedBands)
    {
        _x = x;
        (_weight, _firstPart, _xStride, _y, _firstRow, _tokens, _add) = (weight, firstPart, xStride, y, firstRow, tokens, add);
        if (_bandsLeft.Length < weight.Parts.Length)
            _bandsLeft = new int[weight.Parts.Length];
        int rows = 0;
        for (int part = firstPart; part < endPart; part++)
            rows += weight.Parts[part].Rows;
        rows = (rows + wantedBands - 1) / wantedBands;
        _bandRows = (rows + RowsPerTile - 1) / RowsPerTile * RowsPerTile;
        int bands = 0;
        for (int part = firstPart; part < endPart; part++)
            bands += _bandsLeft[part] = Bands(weight.Parts[part]);
        return bands;
    }

    public override void Execute(int item, int worker)
    {
        int part = _firstPart;
        TensorView[] parts = _weight!.Parts;
        for (; item >= Bands(parts[part]); part++)
            item -= Bands(parts[part]);
        int first = item * _bandRows, last = Math.Min(first + _bandRows, parts[part].Rows);
        kernels.MatMul(parts[part], first, last, _x, _xStride, _y!.Row(_firstRow) + _weight.FirstColumns[part], _y.Stride, _tokens, _add);
        if (Interlocked.Decrement(ref _bandsLeft[part]) == 0)
            _weight.Release(part);
    }

    private int Bands(in TensorView part) => (part.Rows + _bandRows - 1) / _bandRows;
}
