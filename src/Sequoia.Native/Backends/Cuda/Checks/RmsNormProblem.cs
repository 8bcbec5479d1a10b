using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>RMSNorm of some rows: rms_norm.cu and rms_norm_scalar.cu.</summary>
internal sealed class RmsNormProblem : KernelProblem
{
    // Beyond the alignment requirement.
    private const int Slack = 8;

    private readonly CudaKernels _kernels;
    private readonly RowKernels _launcher;
    private readonly TwinKernels _twins;
    private readonly int _rows, _columns, _xStride, _yRows;
    private readonly float[] _x, _weight;
    private readonly GuardedBuffer<ushort> _y;
    private readonly RmsNorm _parameters;

    public RmsNormProblem(CudaKernels kernels, int rows, int columns, int seed)
    {
        (_kernels, _launcher, _twins, _rows, _columns) = (kernels, new RowKernels(kernels), new TwinKernels(kernels), rows, columns);
        var random = new Random(seed);
        float epsilon = random.Next(2) == 0 ? 1e-5f : 1e-6f;
        Shape = $"rms_norm {kernels.Element}, {rows} rows of {columns}, epsilon {epsilon}, seed {seed}";
        (_xStride, _yRows) = (CudaActivations.StrideOf(columns) + Slack, MatMulGrid.RowsInTiles(rows) + Slack);
        _x = new float[rows * _xStride];
        Array.Fill(_x, float.NaN);
        for (int row = 0; row < rows; row++)
            Fill(_x.AsSpan(row * _xStride, columns), random);
        // Exactly the columns: padding must not be read.
        _weight = [.. Enumerable.Range(0, columns).Select(_ => (3 * random.NextSingle()) - 1), float.NaN];
        CudaContext gpu = kernels.Context;
        _y = Own(GuardedBuffer<ushort>.Filled(gpu, _yRows * OperandBlocks.Padded(columns), MatMulInputs.NaN));
        _parameters = new RmsNorm
        {
            X = Own(gpu.Upload<float>(_x)).Handle,
            Weight = Own(gpu.Upload<float>(_weight)).Handle,
            Y = _y.Address,
            Columns = columns,
            XStride = _xStride,
            YRows = _yRows,
            Epsilon = epsilon,
        };
    }

    /// <summary>A problem from a seed.</summary>
    public static RmsNormProblem Random(int seed, CudaKernels kernels)
    {
        var random = new Random(seed);
        int columns = random.Next(3) switch { 0 => random.Next(1, 40), 1 => random.Next(1000, 1100), _ => random.Next(1, 3000) };
        return new(kernels, random.Next(1, 40), columns, seed);
    }

    public override string Shape { get; }

    public override long Bytes => ((long)_rows * _columns * (sizeof(float) + sizeof(ushort))) + ((long)_columns * sizeof(float));

    public override long Flops => 4L * _rows * _columns;

    public override void Launch(CudaStream? stream) => _launcher.RmsNorm(_parameters, _rows, stream);

    public override void LaunchTwin() => _twins.RmsNorm(_parameters, _rows);

    public override Deviation Compare()
    {
        if (_y.Overrun("y", OperandBlocks.AreOf(_rows, _yRows, _columns)) is { } overrun)
            return new Deviation(double.PositiveInfinity, overrun);
        ushort[] found = _y.ToArray();
        var worst = new WorstResult();
        for (int row = 0; row < _rows; row++)
        {
            Bounded[] expected = RmsNormReference.Of(_x.AsSpan(row * _xStride, _columns), _weight.AsSpan(0, _columns), _parameters.Epsilon);
            ushort[] ofRow = OperandBlocks.Read(found, row, _yRows, _columns);
            for (int column = 0; column < _columns; column++)
                worst.Add(Elements.Widen(ofRow[column], _kernels.Element), expected[column].Narrowed(_kernels.Element), row, column);
        }
        return worst.Deviation;
    }

    /// <summary>Values of any magnitude of a residual stream; some rows are nearly or entirely 0, where epsilon matters.</summary>
    private static void Fill(Span<float> row, Random random)
    {
        float size = random.Next(5) switch { 0 => 0, 1 => 1e-4f, 2 => 300, _ => 1 };
        foreach (ref float value in row)
            value = size * ((2 * random.NextSingle()) - 1) * (random.Next(50) == 0 ? 20 : 1);
    }
}

/// <summary>
/// RMSNorm of a row in double precision, with a bound on the rounding error of a correct kernel. u is 2^-24.
///
/// The sum of n squares consists of fused multiply-adds and additions of positive numbers, in any order: no term passes through more than n
/// of them (adding 0 is exact), so the relative error of the sum is at most n u. Division by n and the addition of epsilon round once each; under
/// the root that is (n + 2) u / 2. Root, quotient and two products round once each: 4 u. Together (n / 2 + 5) u of the value, and 1 % for terms of
/// second order. Then it is rounded to 16 bits. A square below 2^-126 loses at most 2^-150, which is negligible next to n epsilon.
/// </summary>
internal static class RmsNormReference
{
    private const double Rounding = 1.0 / (1 << 24);

    /// <summary>The row's results with fp32 bounds; the caller narrows them.</summary>
    public static Bounded[] Of(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon)
    {
        double squares = 0;
        foreach (float value in x)
            squares += (double)value * value;
        double scale = 1 / Math.Sqrt((squares / x.Length) + epsilon), relative = ((x.Length / 2.0) + 5) * Rounding * 1.01;
        var results = new Bounded[x.Length];
        for (int column = 0; column < x.Length; column++)
        {
            double y = x[column] * scale * weight[column];
            results[column] = new(y, relative * Math.Abs(y));
        }
        return results;
    }
}
