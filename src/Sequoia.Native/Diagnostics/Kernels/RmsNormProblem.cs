using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>RMSNorm of some rows: rms_norm.cu and rms_norm_scalar.cu.</summary>
internal sealed class RmsNormProblem : KernelProblem
{
    // Beyond what alignment asks for.
    private const int Slack = 8;

    private readonly CudaKernels _kernels;
    private readonly RowKernels _launcher;
    private readonly TwinKernels _twins;
    private readonly int _rows, _columns, _xStride, _yStride;
    private readonly float[] _x, _weight;
    private readonly DeviceBuffer<float> _xOnDevice, _weightOnDevice;
    private readonly GuardedBuffer<ushort> _y;
    private readonly RmsNorm _parameters;

    public RmsNormProblem(CudaKernels kernels, int rows, int columns, int seed)
    {
        (_kernels, _launcher, _twins, _rows, _columns) = (kernels, new RowKernels(kernels), new TwinKernels(kernels), rows, columns);
        var random = new Random(seed);
        float epsilon = random.Next(2) == 0 ? 1e-5f : 1e-6f;
        Shape = $"rms_norm {kernels.Element}, {rows} rows of {columns}, epsilon {epsilon}, seed {seed}";
        (_xStride, _yStride) = (CudaActivations.StrideOf(columns) + Slack, MatMulShape.StrideOf(columns) + Slack);
        _x = new float[rows * _xStride];
        Array.Fill(_x, float.NaN);
        for (int row = 0; row < rows; row++)
            Fill(_x.AsSpan(row * _xStride, columns), random);
        // As many as columns: padding must not be read.
        _weight = [.. Enumerable.Range(0, columns).Select(_ => (3 * random.NextSingle()) - 1), float.NaN];
        CudaContext gpu = kernels.Context;
        (_xOnDevice, _weightOnDevice) = (gpu.Upload<float>(_x), gpu.Upload<float>(_weight));
        _y = GuardedBuffer<ushort>.Filled(gpu, rows * _yStride, MatMulInputs.NaN);
        _parameters = new RmsNorm
        {
            X = _xOnDevice.Handle,
            Weight = _weightOnDevice.Handle,
            Y = _y.Address,
            Columns = columns,
            XStride = _xStride,
            YStride = _yStride,
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

    public override void Reset() => _y.Reset();

    public override Deviation Compare()
    {
        if (_y.Trespass("y", place => place % _yStride < _columns) is { } trespass)
            return new Deviation(double.PositiveInfinity, trespass);
        ushort[] found = _y.ToArray();
        var worst = new WorstResult();
        for (int row = 0; row < _rows; row++)
        {
            Bounded[] expected = RmsNormReference.Of(_x.AsSpan(row * _xStride, _columns), _weight.AsSpan(0, _columns), _parameters.Epsilon);
            for (int column = 0; column < _columns; column++)
                worst.Add(Elements.Widen(found[(row * _yStride) + column], _kernels.Element), expected[column].Narrowed(_kernels.Element), row, column);
        }
        return worst.Deviation;
    }

    public override void Dispose()
    {
        foreach (IDisposable buffer in (IDisposable[])[_xOnDevice, _weightOnDevice, _y])
            buffer.Dispose();
    }

    /// <summary>Of any magnitude that a residual stream may have; some rows are nearly or wholly 0, where epsilon matters.</summary>
    private static void Fill(Span<float> row, Random random)
    {
        float size = random.Next(5) switch { 0 => 0, 1 => 1e-4f, 2 => 300, _ => 1 };
        foreach (ref float value in row)
            value = size * ((2 * random.NextSingle()) - 1) * (random.Next(50) == 0 ? 20 : 1);
    }
}
