using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>Rows of the embedding, and their first norm: embed.cu, which is its own twin.</summary>
internal sealed class EmbedProblem : ExactProblem
{
    // Beyond the alignment requirement.
    private const int Slack = 8;

    private readonly CudaKernels _kernels;
    private readonly EmbedKernel _launcher;
    private readonly StepBuffers _step;
    private readonly int _rows, _columns, _parts, _xStride, _normedRows, _before;
    private readonly float[] _weight;
    private readonly ushort[] _table;
    private readonly int[] _tokens, _nodes;
    private readonly GuardedBuffer<uint> _x, _squares, _squaresBefore;
    private readonly GuardedBuffer<ushort> _normed;
    private readonly Embed _parameters;

    public EmbedProblem(CudaKernels kernels, int rows, int columns, int vocabulary, int seed)
    {
        (_kernels, _launcher, _rows, _columns) = (kernels, new EmbedKernel(kernels), rows, columns);
        (_parts, _normedRows) = (CudaNormed.PartsOf(columns), MatMulGrid.RowsInTiles(rows) + Slack);
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
        _normed = Own(GuardedBuffer<ushort>.Filled(gpu, _normedRows * OperandBlocks.Padded(columns), MatMulInputs.NaN));
        _squares = Own(GuardedBuffer<uint>.Filled(gpu, rows * _parts, MatMulInputs.NaNs));
        _squaresBefore = Own(GuardedBuffer<uint>.Filled(gpu, rows * _parts, MatMulInputs.NaNs));
        // Exactly the columns: padding must not be read.
        _weight = [.. Enumerable.Range(0, columns).Select(_ => (3 * random.NextSingle()) - 1)];
        _parameters = new Embed
        {
            Table = Own(gpu.Upload<ushort>(blocks)).Handle,
            Pass = _step.Pass(_nodes, placed: false),
            X = _x.Address,
            NormWeight = Own(gpu.Upload<float>([.. _weight, float.NaN])).Handle,
            Normed = _normed.Address,
            Norm = new DeviceNorm { Before = _squaresBefore.Address, Squares = _squares.Address, Epsilon = random.Next(2) == 0 ? 1e-5f : 1e-6f },
            Columns = columns,
            XStride = _xStride,
            NormedRows = _normedRows,
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
            long ofRow = (_columns * (sizeof(float) + sizeof(ushort))) + (2 * _parts * sizeof(float));
            return (tokens * _columns * sizeof(ushort)) + (_columns * sizeof(float)) + (_rows * ofRow) + (sizeof(int) * (_rows + nodes.LongLength));
        }
    }

    public override void Launch(CudaStream? stream) => _launcher.Launch(_parameters, _rows, stream);

    protected override string? FirstDifference()
    {
        // Of the columns' padding, what completes a chunk of 16 bytes is 0.
        Func<int, bool> isNormed = OperandBlocks.AreOf(_rows, _normedRows, MatMulShape.Ceiling(_columns, 8) * 8);
        if ((_x.Overrun("x", place => place % _xStride < _columns) ?? _normed.Overrun("normed", isNormed) ?? _squares.Overrun("squares") ?? _squaresBefore.Overrun("squares before") ?? _step.MisplacedRows(_nodes) ?? _step.Difference(LogitDamage.None)) is { } wrong)
            return wrong;
        uint[] found = _x.ToArray(), squares = _squares.ToArray(), before = _squaresBefore.ToArray();
        ushort[] normed = _normed.ToArray();
        for (int row = 0; row < _rows; row++)
        {
            int token = _tokens[_before + _nodes[row]];
            float[] expectedRow = [.. _table.AsSpan(token * _columns, _columns).ToArray().Select(bits => Elements.Widen(bits, _kernels.Element))];
            (float[] expectedSquares, ushort[] operands) = EmbedReference.Norm(expectedRow, _weight, _parameters.Norm.Epsilon, _kernels.Element);
            uint[] squareBits = Array.ConvertAll(expectedSquares, BitConverter.SingleToUInt32Bits);
            if (!squares.AsSpan(row * _parts, _parts).SequenceEqual(squareBits) || !before.AsSpan(row * _parts, _parts).SequenceEqual(squareBits))
                return $"row {row}: other sums of squares, of token {token}";
            // Up to whole chunks, with zeros.
            if (!OperandBlocks.Read(normed, row, _normedRows, operands.Length).AsSpan().SequenceEqual(operands))
                return $"row {row}: other operands, of token {token}";
            for (int column = 0; column < _columns; column++)
            {
                float x = BitConverter.UInt32BitsToSingle(found[(row * _xStride) + column]);
                float expected = expectedRow[column];
                if (BitConverter.SingleToUInt32Bits(x) != BitConverter.SingleToUInt32Bits(expected))
                    return $"row {row}, column {column}: {x:R}, expected {expected:R}, of token {token}";
            }
        }
        return null;
    }
}

/// <summary>The first norm of a row, in the order of sums that embed.cu has.</summary>
internal static class EmbedReference
{
    private const int Chunk = 8;
    private const int Warp = 32;

    /// <summary>The sums of squares, and the operands in whole chunks of eight.</summary>
    public static (float[] Squares, ushort[] Operands) Norm(ReadOnlySpan<float> row, ReadOnlySpan<float> weight, float epsilon, Element element)
    {
        float[] squares = new float[CudaNormed.PartsOf(row.Length)], lanes = new float[CudaNormed.PartColumns / Chunk];
        for (int part = 0; part < squares.Length; part++)
        {
            Array.Clear(lanes);
            for (int column = part * CudaNormed.PartColumns; column < Math.Min(row.Length, (part + 1) * CudaNormed.PartColumns); column++)
            {
                ref float lane = ref lanes[column % CudaNormed.PartColumns / Chunk];
                lane = MathF.FusedMultiplyAdd(row[column], row[column], lane);
            }
            squares[part] = Halved(lanes);
        }
        float[] ofLanes = new float[Warp];
        for (int part = 0; part < squares.Length; part++)
            ofLanes[part % Warp] += squares[part];
        float scale = (float)MatMulReference.OperandScale((Halved(ofLanes) / row.Length) + epsilon);
        ushort[] operands = new ushort[MatMulShape.Ceiling(row.Length, Chunk) * Chunk];
        for (int column = 0; column < row.Length; column++)
            operands[column] = Elements.Narrow(row[column] * weight[column] * scale, element);
        return (squares, operands);
    }

    /// <summary>The sum by halves: each lane of the first half adds its partner of the second.</summary>
    private static float Halved(float[] lanes)
    {
        float[] sums = [.. lanes];
        for (int half = sums.Length / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
                sums[lane] += sums[lane + half];
        }
        return sums[0];
    }
}
