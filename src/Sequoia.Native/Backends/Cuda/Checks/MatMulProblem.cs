using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>One linear layer with one of the four epilogues.</summary>
internal sealed class MatMulProblem : KernelProblem
{
    // Outputs that a thread compares at a time.
    private const int BandOutputs = 64;

    private readonly MatMulKernels _kernels, _twins;
    private readonly MatMulInputs _inputs;
    private readonly MatMulCase _sizes;
    private readonly CacheLayout _cache;
    private readonly StepBuffers _step;

    // y of matmul and matmul_add, or of matmul_silu_mul and matmul_rope; the other is empty.
    private readonly GuardedBuffer<uint> _sums;
    private readonly GuardedBuffer<ushort> _narrow, _keys, _values;
    private readonly GuardedBuffer<uint> _partials, _arrived;

    // What matmul_add's norm writes; of the others, squares are an operand.
    private readonly GuardedBuffer<ushort> _normed;
    private readonly GuardedBuffer<uint> _squares;
    private readonly int _yColumns, _yStride, _yRows;
    private readonly MatMul _parameters;

    private MatMulReference? _reference;

    /// <param name="kernels">Launches the kernels.</param>
    /// <param name="twins">Launches their twins, on the same device.</param>
    /// <param name="inputs">The operands, in the kernels' element type.</param>
    public MatMulProblem(MatMulKernels kernels, MatMulKernels twins, MatMulInputs inputs)
    {
        CudaContext gpu = kernels.Context;
        (_kernels, _twins, _inputs, _sizes) = (kernels, twins, inputs, inputs.Case);
        bool isWide = _sizes.Kind is MatMulKind.Plain or MatMulKind.Add;
        _yColumns = _sizes.Kind switch { MatMulKind.SiluMul => _sizes.Outputs / 2, MatMulKind.Rope => _sizes.Heads * _sizes.HeadDim, _ => _sizes.Outputs };
        _yStride = CudaActivations.StrideOf(_yColumns) + _sizes.Slack;
        var pages = new PageOrder(_sizes.Committed + inputs.Tree.Size, _sizes.Seed);
        _cache = new(_sizes.KvHeads, pages, _sizes.HeadDim);
        _step = Own(new StepBuffers(gpu, new StepInputs(inputs.Tree, _sizes.Committed) { Pages = pages, Rows = _sizes.Rows }));

        _yRows = MatMulGrid.RowsInTiles(_sizes.Rows) + _sizes.Slack;
        int ofY = _sizes.Kind == MatMulKind.SiluMul ? _yRows * OperandBlocks.Padded(_yColumns) : _sizes.Rows * _yStride;
        _sums = Own(new GuardedBuffer<uint>(gpu, isWide ? [.. Enumerable.Range(0, ofY).Select(SumBefore)] : [], MatMulInputs.NaNs));
        _narrow = Own(GuardedBuffer<ushort>.Filled(gpu, isWide ? 0 : ofY, MatMulInputs.NaN));
        _keys = Own(GuardedBuffer<ushort>.Filled(gpu, _cache.Length, MatMulInputs.NaN));
        _values = Own(GuardedBuffer<ushort>.Filled(gpu, _cache.Length, MatMulInputs.NaN));
        _partials = Own(GuardedBuffer<uint>.Filled(gpu, (int)kernels.PartialsFor(_sizes.Shape, _sizes.Rows), MatMulInputs.NaNs));
        _arrived = Own(new GuardedBuffer<uint>(gpu, new uint[kernels.CountersFor(_sizes.Shape, _sizes.Rows)], MatMulInputs.NaNs));
        bool hasNorm = _sizes.Kind == MatMulKind.Add;
        _normed = Own(GuardedBuffer<ushort>.Filled(gpu, hasNorm ? _yRows * OperandBlocks.Padded(_sizes.Outputs) : 0, MatMulInputs.NaN));
        _squares = Own(new GuardedBuffer<uint>(
            gpu, [.. inputs.Squares.Of.Select(square => hasNorm ? MatMulInputs.NaNs : BitConverter.SingleToUInt32Bits(square))], MatMulInputs.NaNs));
        _parameters = Parameters(gpu, isWide ? _sums.Address : _narrow.Address);
    }

    public override string Shape => _sizes.ToString();

    public override long Bytes
    {
        get
        {
            MatMulShape shape = _sizes.Shape;
            MatMulGrid grid = Grid;
            long rows = _sizes.Rows, operands = 2L * _sizes.Columns * (shape.StoredRows + rows);
            long norm = sizeof(float) * 2 * rows * _sizes.NormParts;
            if (_sizes.Kind == MatMulKind.Add)
                norm += (sizeof(float) * _sizes.Outputs) + (sizeof(ushort) * (rows - _sizes.FirstNormed) * _sizes.Outputs);
            long results = rows * _sizes.Outputs * (_sizes.Kind is MatMulKind.Plain or MatMulKind.Add ? sizeof(float) : sizeof(ushort));
            if (_sizes.Kind == MatMulKind.SiluMul)
                results /= 2;
            if (_sizes.Kind == MatMulKind.Rope)
                results += (sizeof(int) * (4 * rows)) + (_inputs.Nodes.Select(_inputs.Tree.Depth).Distinct().Count() * _sizes.HeadDim * sizeof(float));
            return operands + norm + results + (sizeof(float) * grid.Partials) + (sizeof(int) * grid.Counters);
        }
    }

    public MatMulGrid Grid => _kernels.Grid(_sizes.Shape, _sizes.Rows);

    public override long Flops => 2L * _sizes.Rows * _sizes.Outputs * _sizes.Columns;

    public override bool HasTwin => _twins != _kernels;

    public override void Launch(CudaStream? stream) => _kernels.Launch(_sizes.Kind, _parameters, stream);

    public override void LaunchTwin() => _twins.Launch(_sizes.Kind, _parameters);

    public override Deviation Compare()
    {
        if (Overrun() is { } overrun)
            return new Deviation(double.PositiveInfinity, overrun);
        _reference ??= new MatMulReference(_inputs);
        uint[][] found = Outputs();
        // Rotated outputs come in pairs.
        int count = _sizes.Kind == MatMulKind.Rope ? _sizes.Outputs / 2 : found[0].Length, bands = MatMulShape.Ceiling(count, BandOutputs);
        var worst = new WorstResult[bands];
        Parallel.For(0, bands, band =>
        {
            worst[band] = new WorstResult();
            for (int row = 0; row < _sizes.Rows; row++)
                CompareRow(row, found[row], band * BandOutputs, Math.Min(count, (band + 1) * BandOutputs), worst[band]);
        });
        return worst.MaxBy(band => band.Deviation.Worst)!.Deviation;
    }

    /// <summary>
    /// Each row's results as bits: y of matmul; y of matmul_add, its norm's operands (0 where they are not wanted) and sums of squares; hidden units; or all
    /// heads' dimensions of queries, keys and values; concatenated.
    /// </summary>
    public uint[][] Outputs()
    {
        uint[] sums = _sums.ToArray();
        ushort[] narrow = _narrow.ToArray();
        ushort[] normed = _normed.ToArray();
        uint[] squares = _squares.ToArray();
        ushort[] keys = _keys.ToArray(), values = _values.ToArray();
        return [.. Enumerable.Range(0, _sizes.Rows).Select(
            row => (uint[])[.. Y(row), .. CacheRow(keys, row), .. CacheRow(values, row)])];

        IEnumerable<uint> Y(int row) => _sizes.Kind switch
        {
            MatMulKind.SiluMul => OperandBlocks.Read(narrow, row, _yRows, _yColumns).Select(bits => (uint)bits),
            MatMulKind.Rope => narrow.Skip(row * _yStride).Take(_yColumns).Select(bits => (uint)bits),
            MatMulKind.Add => [.. Sums(row), .. Normed(row), .. squares.AsSpan(row * _sizes.NormParts, _sizes.NormParts)],
            _ => Sums(row),
        };

        IEnumerable<uint> Sums(int row) => sums.Skip(row * _yStride).Take(_yColumns);

        IEnumerable<uint> Normed(int row) => row < _sizes.FirstNormed
            ? new uint[_yColumns]
            : OperandBlocks.Read(normed, row - _sizes.FirstNormed, _yRows, _yColumns).Select(bits => (uint)bits);
    }

    private MatMul Parameters(CudaContext gpu, nint y) => new()
    {
        Weight = Own(gpu.Upload<ushort>(_inputs.Weight)).Handle,
        X = Own(gpu.Upload<ushort>(_inputs.XBlocks)).Handle,
        Y = y,
        Partials = _partials.Address,
        Arrived = _arrived.Address,
        Cos = Own(gpu.Upload<float>([.. _inputs.Cos, float.NaN])).Handle,
        Sin = Own(gpu.Upload<float>([.. _inputs.Sin, float.NaN])).Handle,
        Keys = _keys.Address,
        Values = _values.Address,
        NormWeight = Own(gpu.Upload<float>([.. _inputs.NormWeight, float.NaN])).Handle,
        Normed = _normed.Address,
        Norm = new DeviceNorm
        {
            Before = Own(gpu.Upload<float>([.. _inputs.Squares.Before, float.NaN])).Handle,
            Squares = _squares.Address,
            Epsilon = _sizes.Epsilon,
        },
        Pass = _step.Pass(_inputs.Nodes),
        Outputs = _sizes.Outputs,
        Columns = _sizes.Columns,
        XRows = _inputs.XRows,
        YStride = _yStride,
        YRows = _yRows,
        Heads = _sizes.Heads,
        KvHeads = _sizes.KvHeads,
        HeadDim = _sizes.HeadDim,
        Capacity = _cache.Pages.Capacity,
        FirstNormed = _sizes.FirstNormed,
    };

    private void CompareRow(int row, uint[] found, int first, int end, WorstResult worst)
    {
        MatMulReference reference = _reference!;
        if (_sizes.Kind != MatMulKind.Rope)
        {
            for (int i = first; i < end; i++)
            {
                (int part, int output) = Math.DivRem(i, _yColumns);
                bool isNormed = part == 1 && i < 2 * _yColumns;
                if (isNormed && row < _sizes.FirstNormed)
                    continue;
                bool isNarrow = _sizes.Kind == MatMulKind.SiluMul || isNormed;
                worst.Add(
                    isNarrow ? Elements.Widen((ushort)found[i], _sizes.Element) : BitConverter.UInt32BitsToSingle(found[i]),
                    isNormed ? reference.Normed(row, output)
                    : part > 0 ? reference.Squares(row, i - (2 * _yColumns))
                    : isNarrow ? reference.Hidden(row, output) : reference.Output(row, output), row, i);
            }
            return;
        }
        int half = _sizes.HeadDim / 2;
        for (int pair = first; pair < end; pair++)
        {
            int place = (pair / half * _sizes.HeadDim) + (pair % half);
            (Bounded a, Bounded b) = reference.Rotated(row, place);
            worst.Add(Elements.Widen((ushort)found[place], _sizes.Element), a, row, place);
            worst.Add(Elements.Widen((ushort)found[place + half], _sizes.Element), b, row, place + half);
        }
    }

    /// <summary>Writes outside of the results; null if there are none.</summary>
    private string? Overrun()
    {
        HashSet<int> cacheRows = [.. _inputs.Nodes.Select(node => _sizes.Committed + node)];
        Func<int, bool> isOutput = place => place % _yStride < _yColumns, isHidden = OperandBlocks.AreOf(_sizes.Rows, _yRows, _yColumns), isCached = place => _sizes.Kind == MatMulKind.Rope && cacheRows.Contains(_cache.RowOf(place));
        return _sums.Overrun("y", isOutput) ?? _narrow.Overrun("y", _sizes.Kind == MatMulKind.SiluMul ? isHidden : isOutput) ?? _keys.Overrun("keys", isCached) ?? _values.Overrun("values", isCached)
            ?? _normed.Overrun("normed", OperandBlocks.AreOf(_sizes.Rows - _sizes.FirstNormed, _yRows, _yColumns)) ?? _squares.Overrun("squares", _ => _sizes.Kind == MatMulKind.Add)
            ?? _partials.Overrun("partials") ?? _arrived.Overrun("counters", _ => false) ?? _step.ChangedRows() ?? _step.Difference(LogitDamage.None);
    }

    private IEnumerable<uint> CacheRow(ushort[] plane, int row)
    {
        for (int head = 0; head < _sizes.KvHeads; head++)
        {
            int start = _cache.Start(head, _sizes.Committed + _inputs.Nodes[row]);
            for (int dimension = 0; dimension < _sizes.HeadDim; dimension++)
                yield return plane[start + dimension];
        }
    }

    /// <summary>matmul_add adds to numbers; everything else, including padding, is NaN before.</summary>
    private uint SumBefore(int place)
    {
        (int row, int column) = Math.DivRem(place, _yStride);
        return _sizes.Kind == MatMulKind.Add && column < _yColumns ? BitConverter.SingleToUInt32Bits(_inputs.Before[(row * _yColumns) + column]) : MatMulInputs.NaNs;
    }
}
