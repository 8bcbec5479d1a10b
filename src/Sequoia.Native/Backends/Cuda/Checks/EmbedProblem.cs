using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>Rows of the embedding: embed.cu, which is its own twin.</summary>
internal sealed class EmbedProblem : ExactProblem
{
    // Beyond the alignment requirement.
    private const int Slack = 8;

    private readonly CudaKernels _kernels;
    private readonly RowKernels _launcher;
    private readonly StepBuffers _step;
    private readonly int _rows, _columns, _xStride, _before;
    private readonly ushort[] _table;
    private readonly int[] _tokens, _nodes;
    private readonly GuardedBuffer<uint> _x;
    private readonly Embed _parameters;

    public EmbedProblem(CudaKernels kernels, int rows, int columns, int vocabulary, int seed)
    {
        (_kernels, _launcher, _rows, _columns) = (kernels, new RowKernels(kernels), rows, columns);
        Shape = $"embed {kernels.Element}, {rows} rows of {columns}, vocabulary {vocabulary}, seed {seed}";
        var random = new Random(seed);
        _xStride = CudaActivations.StrideOf(columns) + Slack;
        _table = new ushort[vocabulary * columns];
        random.NextBytes(MemoryMarshal.AsBytes(_table.AsSpan()));
        // Any number but NaN and infinity, whose exponents have this bit; all padding is NaN.
        for (int i = 0; i < _table.Length; i++)
            _table[i] &= 0xBFFF;
        ushort[] blocks = new ushort[WeightBlocks.Of(vocabulary, columns)], row = new ushort[OperandBlocks.Padded(columns)];
        Array.Fill(blocks, MatMulInputs.NaN);
        Array.Fill(row, MatMulInputs.NaN);
        for (int token = 0; token < vocabulary; token++)
        {
            _table.AsSpan(token * columns, columns).CopyTo(row);
            WeightBlocks.Write(row, token, blocks);
        }
        // Some rows are tokens before the root.
        TokenTree tree = RandomTrees.Some(2 * rows, 2 * rows, random);
        int before = random.Next(2) == 0 ? 0 : random.Next(1, rows + 1), committed = before + random.Next(100);
        _tokens = [.. Enumerable.Range(0, before + tree.Size).Select(_ => random.Next(vocabulary))];
        _nodes = [.. Enumerable.Range(0, rows).Select(row => row - before + random.Next(rows)).Order()];
        _before = before;
        CudaContext gpu = kernels.Context;
        _step = Own(new StepBuffers(gpu, new StepInputs(tree, committed)
        {
            Before = _tokens[..before],
            Tokens = _tokens[before..],
            Pages = new PageOrder(committed + tree.Size, seed),
            Rows = rows,
        }));
        _x = Own(GuardedBuffer<uint>.Filled(gpu, rows * _xStride, MatMulInputs.NaNs));
        _parameters = new Embed
        {
            Table = Own(gpu.Upload<ushort>(blocks)).Handle,
            Pass = _step.Pass(_nodes, placed: false),
            X = _x.Address,
            Columns = columns,
            XStride = _xStride,
        };
    }

    /// <summary>A problem from a seed.</summary>
    public static EmbedProblem Random(int seed, CudaKernels kernels)
    {
        var random = new Random(seed);
        return new(kernels, random.Next(1, 70), random.Next(1, 1300), random.Next(1, 400), seed);
    }

    public override string Shape { get; }

    /// <summary>Bytes read to find the rows' positions.</summary>
    public long PlaceBytes => _nodes.Sum(node => node < 0 ? 24L : 36);

    public override bool HasTwin => false;

    public override long Bytes
    {
        get
        {
            int[] nodes = [.. _nodes.Distinct()];
            long tokens = nodes.Select(node => _tokens[_before + node]).Distinct().Count();
            return (tokens * _columns * sizeof(ushort)) + ((long)_rows * _columns * sizeof(float)) + (sizeof(int) * (_rows + nodes.LongLength));
        }
    }

    public override void Launch(CudaStream? stream) => _launcher.Embed(_parameters, _rows, stream);

    protected override string? FirstDifference()
    {
        if ((_x.Overrun("x", place => place % _xStride < _columns) ?? _step.MisplacedRows(_nodes) ?? _step.Difference(LogitDamage.None)) is { } wrong)
            return wrong;
        uint[] found = _x.ToArray();
        for (int row = 0; row < _rows; row++)
        {
            int token = _tokens[_before + _nodes[row]];
            for (int column = 0; column < _columns; column++)
            {
                float x = BitConverter.UInt32BitsToSingle(found[(row * _xStride) + column]);
                float expected = Elements.Widen(_table[(token * _columns) + column], _kernels.Element);
                if (BitConverter.SingleToUInt32Bits(x) != BitConverter.SingleToUInt32Bits(expected))
                    return $"row {row}, column {column}: {x:R}, expected {expected:R}, of token {token}";
            }
        }
        return null;
    }
}
