using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>Attention of the rows of a tree: attend.cu (its twin on devices without tensor cores) and attend_scalar.cu.</summary>
internal sealed class AttendProblem : KernelProblem
{
    // A NaN that no computation produces.
    private const uint Poison = 0x7fabcdef;

    private readonly AttendShape _shape;
    private readonly AttendOperands _operands;
    private readonly Lazy<AttendReference> _reference;
    private readonly AttendKernels _kernels;
    private readonly Lazy<AttendKernels> _twin;
    private readonly StepBuffers _step;
    private readonly GuardedBuffer<ushort> _output;
    private readonly GuardedBuffer<uint> _partials;
    private readonly Attend _parameters;
    private readonly bool _tensorCores;
    private readonly int _rowTile;

    // Rows of the pass that belong to another launch.
    private readonly int _rowsBefore;
    private readonly GuardedBuffer<uint> _arrived;
    private bool _twinRan;

    /// <param name="kernels">Kernels for the shape's type.</param>
    /// <param name="shape">What to compute.</param>
    /// <param name="tensorCores">Whether <see cref="Launch"/> uses tensor cores.</param>
    public AttendProblem(CudaKernels kernels, AttendShape shape, bool tensorCores = true)
    {
        (_shape, _operands, _tensorCores, _rowsBefore) = (shape, new AttendOperands(shape), tensorCores, shape.Seed % 3);
        _kernels = new AttendKernels(kernels, shape.HeadDim, tensorCores);
        _twin = new(() => tensorCores ? new AttendKernels(kernels, shape.HeadDim, tensorCores: false) : _kernels);
        CudaContext gpu = kernels.Context;
        (int committed, TokenTree tree) = shape.IsPrompt ? (shape.Prefix + shape.Tree.Size, TokenTree.Root) : (shape.Prefix, shape.Tree);
        _step = Own(new StepBuffers(gpu, new StepInputs(tree, committed) { Pages = shape.Pages, Rows = _rowsBefore + shape.Rows }));
        int[] nodes = [.. shape.Nodes.Select(node => shape.IsPrompt ? node - shape.Tree.Size : node)];
        _rowTile = AttendKernels.RowTileFor(shape.Rows, shape.Group);
        int ofTile = AttendKernels.RowsOfTile(_rowTile, shape.Group), tileCount = MatMulShape.Ceiling(shape.Rows, ofTile);
        int[] tiles = [.. Enumerable.Range(0, tileCount).SelectMany(tile => (int[])[_rowsBefore + (tile * ofTile), Math.Min(ofTile, shape.Rows - (tile * ofTile))])];
        OutputRows = MatMulGrid.RowsInTiles(_rowsBefore + shape.Rows);
        _output = Own(GuardedBuffer<ushort>.Filled(gpu, OutputRows * OperandBlocks.Padded(shape.Heads * shape.HeadDim), AttendOperands.NotANumber));
        _partials = Own(GuardedBuffer<uint>.Filled(gpu, (int)AttendKernels.WorkspaceFloats(shape.Rows, shape.Heads, shape.Positions, shape.HeadDim), Poison));
        _arrived = Own(new GuardedBuffer<uint>(gpu, new uint[shape.Rows * shape.KvHeads], Poison));
        float scale = 1 / MathF.Sqrt(shape.HeadDim);
        _reference = new Lazy<AttendReference>(() => new AttendReference(shape, _operands, scale));
        _parameters = new Attend
        {
            Queries = Own(gpu.Upload<ushort>(_operands.Queries)).Handle - (_rowsBefore * _operands.QueryStride * sizeof(ushort)),
            Keys = Own(gpu.Upload<ushort>(_operands.Keys)).Handle,
            Values = Own(gpu.Upload<ushort>(_operands.Values)).Handle,
            Output = _output.Address,
            Partials = _partials.Address,
            Arrived = _arrived.Address,
            Pass = _step.Pass([.. Enumerable.Repeat(nodes[0], _rowsBefore), .. nodes]),
            Tiles = _step.Upload(tiles),
            TileCount = tileCount,
            FirstRow = _rowsBefore,
            Count = shape.Rows,
            Splits = AttendKernels.Splits(shape.Positions),
            Heads = shape.Heads,
            KvHeads = shape.KvHeads,
            Group = shape.Group,
            Capacity = shape.Pages.Capacity,
            HeadDim = shape.HeadDim,
            QueryStride = _operands.QueryStride,
            OutputRows = OutputRows,
            Scale = scale,
        };
    }

    /// <summary>A problem from a seed, for the kernels' type: attend.cu on tensor cores.</summary>
    public static AttendProblem Random(int seed, CudaKernels kernels, bool isReplacement = false) =>
        new(kernels, AttendShape.Random(seed, kernels.Element, [32, 64, 128])) { IsReplacement = isReplacement };

    /// <summary>A problem from a seed with any number of dimensions, for devices without tensor cores.</summary>
    public static AttendProblem RandomScalar(int seed, CudaKernels kernels, bool isReplacement = false) =>
        new(kernels, AttendShape.Random(seed, kernels.Element, [8, 16, 40, 64, 80, 96, 128, 136, 256]), tensorCores: false) { IsReplacement = isReplacement };

    public override string Shape => $"attend, {_shape}";

    /// <summary>Whether the kernel is a user's, with unknown tiles: it has a different bound and its own workspace.</summary>
    public bool IsReplacement { get; init; }

    public int OutputRows { get; }

    public override long Bytes
    {
        get
        {
            var cacheRows = new HashSet<int>();
            long partials = 0;
            for (int row = 0; row < _shape.Rows; row++)
            {
                cacheRows.UnionWith(_shape.Tree.Path(_shape.Nodes[row]).ToArray());
                partials += _shape.Parts(row) * (long)_shape.Heads * (_shape.HeadDim + 2) * sizeof(float);
            }
            long ofRow = _shape.HeadDim * sizeof(ushort);
            return (2 * _shape.KvHeads * (_shape.Prefix + cacheRows.Count) * ofRow) + (2 * (long)_shape.Rows * _shape.Heads * ofRow) + partials;
        }
    }

    public override long Flops => Enumerable.Range(0, _shape.Rows).Sum(row => 4L * _shape.HeadDim * _shape.Heads * (_shape.Position(row) + 1));

    public override bool HasTwin => _tensorCores;

    public override void Launch(CudaStream? stream)
    {
        // Without tensor cores, the kernel is the twin.
        _twinRan = !_tensorCores;
        _kernels.Launch(_parameters, _rowTile, _shape.IsTree, stream);
    }

    public override void LaunchTwin()
    {
        _twinRan = true;
        _twin.Value.Launch(_parameters, _rowTile, _shape.IsTree);
    }

    /// <summary>The bits of each row's outputs.</summary>
    public ushort[][] Results()
    {
        if (Overrun() is { } where)
            throw new InvalidOperationException($"{Shape}: {where}");
        ushort[] output = _output.ToArray();
        return [.. Enumerable.Range(0, _shape.Rows).Select(row => OperandBlocks.Read(output, _rowsBefore + row, OutputRows, _shape.Heads * _shape.HeadDim))];
    }

    public override Deviation Compare()
    {
        if ((Overrun() ?? (IsReplacement ? null : StrayPartial(_partials.ToArray()))) is { } stray)
            return new Deviation(double.PositiveInfinity, stray);
        ushort[] output = _output.ToArray();
        AttendReference reference = _reference.Value;
        double[] bounds = IsReplacement ? reference.ReplacementBound : _twinRan ? reference.TwinBound : reference.Bound;
        int columns = _shape.Heads * _shape.HeadDim;
        var worst = new Deviation(0, "nowhere");
        for (int row = 0; row < _shape.Rows; row++)
        {
            ushort[] results = OperandBlocks.Read(output, _rowsBefore + row, OutputRows, columns);
            for (int column = 0; column < columns; column++)
            {
                ushort found = results[column];
                int at = (row * columns) + column;
                double apart = Math.Abs(Elements.Widen(found, _shape.Element) - reference.Expected[at]) / bounds[at];
                if (!(apart <= worst.Worst))
                {
                    string where = $"row {row} at {_shape.Position(row)}, head {column / _shape.HeadDim}, {column % _shape.HeadDim}: {Elements.Widen(found, _shape.Element)}, expected {reference.Expected[at]} within {bounds[at]:G3}";
                    worst = new Deviation(double.IsNaN(apart) ? double.PositiveInfinity : apart, where);
                }
            }
        }
        return worst;
    }

    /// <summary>Out-of-bounds writes around the outputs.</summary>
    private string? Overrun() => _output.Overrun("output", IsOutput) ?? _partials.Overrun("workspace") ?? _arrived.Overrun("counters", _ => false) ?? _step.ChangedRows() ?? _step.Difference(LogitDamage.None);

    private bool IsOutput(int place) =>
        OperandBlocks.AreOf(_rowsBefore + _shape.Rows, OutputRows, _shape.Heads * _shape.HeadDim)(place) && !OperandBlocks.AreOf(_rowsBefore, OutputRows, int.MaxValue)(place);

    /// <summary>Partial sums that were written although their row has no keys there.</summary>
    private string? StrayPartial(uint[] partials)
    {
        int ofPart = _shape.Rows * _shape.Heads, prefixSplits = AttendKernels.Splits(_shape.Positions);
        for (int at = 0; at < partials.Length / (_shape.HeadDim + 2); at++)
        {
            int part = at / ofPart, row = at % ofPart / _shape.Heads;
            bool hasKeys = part < prefixSplits ? part < AttendKernels.Splits(_shape.PrefixKeys(row)) : part - prefixSplits < _shape.TreeTiles(row);
            if (!hasKeys && partials.AsSpan(at * _shape.HeadDim, _shape.HeadDim).ContainsAnyExcept(Poison))
                return $"workspace, part {part} of row {row}";
        }
        return null;
    }
}
