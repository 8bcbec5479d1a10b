using Sequoia.Interop;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>Rows to draw a token from, on host and device.</summary>
internal sealed class SampleProblem(int rows, int vocabulary, SamplingOptions options, RandomKey random) : IDisposable
{
    public LogitBuffer Logits { get; } = new(rows, vocabulary);

    public static SampleProblem Random(int seed, int rows, int? vocabulary = null)
    {
        var random = new Random(seed);
        int tokens = vocabulary ?? SamplingCases.Vocabulary(random);
        var problem = new SampleProblem(rows, tokens, SamplingCases.Options(seed, tokens, random), new RandomKey((ulong)random.NextInt64(), (uint)seed));
        for (int row = 0; row < rows; row++)
            HardRows.Fill(problem.Logits.Row(row), HardRows.Kinds[random.Next(HardRows.Kinds.Length)], random);
        return problem;
    }

    public static KernelUnderTest Kernel(int threads, Mutation? mutation = null) => new("sample_token", threads, "SAMPLE_THREADS", mutation);

    public static KernelUnderTest Twin() => new("sample_token_scalar", 32);

    /// <summary>Runs kernel or twin and compares with the reference; returns how many rows were refused.</summary>
    public int Check(KernelUnderTest kernel, bool isTwin = false)
    {
        CudaContext gpu = KernelUnderTest.Gpu;
        using DeviceBuffer<StepState> state = gpu.Upload<StepState>([new() { Step = random.Step, Committed = -1 }]);
        using DeviceBuffer<int> tokens = gpu.Allocate<int>(rows);
        var parameters = new SampleToken
        {
            Logits = Logits.Device.Handle,
            TokOfRow = tokens.Handle,
            State = state.Handle,
            Seed = random.Seed,
            Law = new SamplingLaw(options),
            Vocabulary = vocabulary,
            Stride = Logits.Stride,
        };
        if (isTwin)
            RunTwin(kernel, parameters);
        else
            kernel.Launch(rows, parameters, SharedMemory.ForRow(vocabulary));
        return Compare(tokens.ToArray(), state.ToArray()[0].Errors);
    }

    public void Dispose() => Logits.Dispose();

    private void RunTwin(KernelUnderTest twin, SampleToken parameters)
    {
        int stride = SharedMemory.WorkspaceForRow(vocabulary);
        using DeviceBuffer<float> workspace = KernelUnderTest.Gpu.Allocate<float>((long)rows * stride);
        twin.Launch((rows + 31) / 32, new TwinKernels.RowsTwin<SampleToken> { Kernel = parameters, Workspace = workspace.Handle, WorkspaceStride = stride, Rows = rows });
    }

    private int Compare(int[] tokens, LogitDamage errors)
    {
        using var reference = new ReferenceSampler(vocabulary);
        int damaged = 0;
        for (int row = 0; row < rows; row++)
        {
            int? expected = reference.Sample(Logits.Host, row, options, random, row);
            damaged += expected is null ? 1 : 0;
            if (tokens[row] != (expected ?? 0))
                throw new KernelFault($"row {row}: token {tokens[row]}, expected {expected}");
        }
        return errors == (damaged > 0 ? LogitDamage.Target : LogitDamage.None) ? damaged : throw new KernelFault($"errors {errors}, {damaged} damaged rows");
    }
}
