using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Execution.Cuda;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>A token for each row: sample_token.cu, its twin and TokenDistribution, bit for bit.</summary>
internal sealed unsafe class SampleTokenProblem : ExactProblem
{
    private const int Poison = -1;

    private readonly CpuActivations _logits;
    private readonly SamplingOptions _options;
    private readonly RandomKey _random;
    private readonly SampleTokenKernels _launcher;
    private readonly TwinKernels _twins;
    private readonly CudaContext _gpu;
    private readonly DeviceBuffer<float> _logitsOnDevice;
    private readonly GuardedBuffer<int> _tokens;
    private readonly StepWords _state;
    private readonly SampleToken _parameters;
    private DeviceBuffer<float>? _workspace;

    /// <param name="kernels">The kernels.</param>
    /// <param name="logits">The rows, which become the problem's.</param>
    /// <param name="options">How to sample.</param>
    /// <param name="random">The random numbers.</param>
    /// <param name="seed">What it was made from.</param>
    public SampleTokenProblem(CudaKernels kernels, CpuActivations logits, SamplingOptions options, RandomKey random, int seed)
    {
        (_logits, _options, _random) = (logits, options, random);
        (_launcher, _twins, _gpu) = (new SampleTokenKernels(kernels), new TwinKernels(kernels), kernels.Context);
        Shape = $"sample_token, {logits.Rows} rows of {logits.Columns}, {SamplingCases.Describe(options)}, seed {seed}";
        _logitsOnDevice = PaddedRows.Upload(_gpu, logits);
        _tokens = GuardedBuffer<int>.Filled(_gpu, logits.Rows, Poison);
        _state = new StepWords(_gpu, random.Step);
        _parameters = new SampleToken
        {
            Logits = _logitsOnDevice.Handle,
            TokOfRow = _tokens.Address,
            State = _state.Address,
            Seed = random.Seed,
            Law = new SamplingLaw(options),
            Vocabulary = logits.Columns,
            Stride = PaddedRows.StrideOf(logits.Columns),
        };
    }

    /// <summary>A problem from a seed: logits of all kinds, damaged ones among them.</summary>
    public static SampleTokenProblem Random(int seed, CudaKernels kernels)
    {
        const int MostRows = 12;
        var random = new Random(seed);
        int vocabulary = SamplingCases.Vocabulary(random);
        var logits = new CpuActivations(random.Next(1, MostRows + 1), vocabulary);
        for (int row = 0; row < logits.Rows; row++)
            SamplingCases.Fill(new Span<float>(logits.Row(row), vocabulary), random);
        return new(kernels, logits, SamplingCases.Options(seed, vocabulary, random), new RandomKey((ulong)random.NextInt64(), (uint)random.Next()), seed);
    }

    public override string Shape { get; }

    public override long Bytes => (long)_logits.Rows * ((_logits.Columns * sizeof(float)) + sizeof(int));

    public override void Launch(CudaStream? stream) => _launcher.SampleToken(_parameters, _logits.Rows, stream);

    public override void LaunchTwin()
    {
        _workspace ??= _gpu.Allocate<float>((long)_logits.Rows * TwinKernels.RowWorkspace(_logits.Columns));
        _twins.SampleToken(_parameters, _logits.Rows, _workspace.Handle);
    }

    public override void Reset()
    {
        _tokens.Reset();
        _state.Reset();
    }

    public override void Dispose()
    {
        foreach (IDisposable? part in (IDisposable?[])[_logits, _logitsOnDevice, _tokens, _state, _workspace])
            part?.Dispose();
    }

    protected override string? FirstDifference()
    {
        using var reference = new ReferenceSampler(_logits.Columns);
        int?[] expected = [.. Enumerable.Range(0, _logits.Rows).Select(row => reference.Sample(_logits, row, _options, _random, row))];
        string? trespass = _tokens.Trespass("tokens", _ => true) ?? _state.Difference(expected.Contains(null) ? LogitDamage.Target : LogitDamage.None);
        if (trespass is not null)
            return trespass;
        int[] found = _tokens.ToArray();
        int wrong = Enumerable.Range(0, found.Length).FirstOrDefault(row => found[row] != (expected[row] ?? 0), -1);
        return wrong < 0 ? null : $"row {wrong}: token {found[wrong]}, expected {expected[wrong] ?? 0}";
    }
}
