using Sequoia.Cli.Bench;
using Sequoia.Native;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Cli.Offload;

/// <summary>
/// What the passes of models cost that nobody has loaded: each reads its weights once from memory or computes them, whichever takes longer, at the rates at which this machine
/// reads and the engine's product of matrices computes. Good for a plan; `--tree auto` measures.
/// </summary>
internal static unsafe class EstimatedCosts
{
    // A product's rate hardly depends on the matrix, if that does not fit a cache.
    private const int Rows = 2048, Columns = 2048, Tokens = 64;

    // Every node visited costs a few passes over a row of the vocabulary, at memory's rate.
    private const int PassesOfVerifying = 4;

    /// <summary>Measures the rates, which takes about two seconds, and estimates.</summary>
    public static HardwareCosts Of(LlamaConfig target, LlamaConfig draft, TensorType type, int threads, int context)
    {
        double bandwidth = MachineLimits.ReadBandwidth(threads), flops = ProductFlops(threads);
        CostPoint[] ofTarget = Points(target), ofDraft = Points(draft);
        double verify = (double)PassesOfVerifying * target.VocabularySize * sizeof(float) / bandwidth;
        var key = new HardwareKey(ProcessorName.Read(), "estimated", "", "");
        return new HardwareCosts(key, DateTimeOffset.UtcNow, verify, [new ContextCosts(context, new CostCurve(ofTarget), ofDraft[0], new CostCurve(ofDraft))]);

        CostPoint[] Points(LlamaConfig config)
        {
            double weights = Weights(config);
            return [.. HardwareMeterOptions.StreamedSizes.Select(rows =>
            {
                double seconds = Math.Max(weights * type.Size() / bandwidth, 2 * weights * rows / flops);
                return new CostPoint(rows, seconds, seconds, seconds);
            })];
        }
    }

    /// <summary>The weights that a pass multiplies by: all but the embedding.</summary>
    private static double Weights(LlamaConfig config) =>
        (config.Layers * (((double)(config.QkvSize + (config.Heads * config.HeadDim)) * config.HiddenSize) + (3.0 * config.HiddenSize * config.IntermediateSize)))
        + ((double)config.VocabularySize * config.HiddenSize);

    private static double ProductFlops(int threads)
    {
        using var weights = new AlignedBuffer<byte>(Rows * Columns * 2L);
        using var x = new CpuActivations(Tokens, Columns);
        using var y = new CpuActivations(Tokens, Rows);
        using var pool = new WorkerPool(threads);
        using var matrix = new CpuMatrix([new TensorView("w", TensorType.BF16, [Rows, Columns], (nint)weights.Pointer, weights)]);
        var job = new MatMulJob(CpuKernels.Best);
        double seconds = MachineLimits.Median(9, () => pool.Run(job, job.Set(matrix, 0, 1, x.Row(0), x.Stride, y, 0, Tokens, false, 8 * threads)));
        return 2.0 * Rows * Columns * Tokens / seconds;
    }
}
