using Sequoia.Native.Execution.Cpu.Jobs;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>
/// The CPU device. Operations run one at a time on the process's worker pool of this size; which thread does what never
/// changes a result. Nothing is allocated once buffers have reached their size.
/// </summary>
internal sealed unsafe class CpuBackend(int threads, CpuKernels kernels) : Backend
{
    // Handing work to another thread costs about a microsecond; below this many multiply-adds that does not pay.
    private const long SmallWork = 24 * 1024;

    private readonly WorkerPool _pool = WorkerPool.Shared(threads);
    private readonly MatMulJob _matMul = new(kernels);
    private readonly AttendJob _attend = new(kernels);
    private readonly RmsNormJob _rmsNorm = new(kernels);
    private readonly RopeAppendJob _ropeAppend = new();
    private readonly SiluMulJob _siluMul = new(kernels);
    private readonly DrawChildrenJob _drawChildren = new(kernels);
    private AlignedBuffer<float> _matMulInput = new(0);

    public override string Name => $"cpu ({kernels.Name}, {_pool.Threads} thread{(_pool.Threads == 1 ? "" : "s")})";

    public override Activations Allocate(int rows, int columns) => new CpuActivations(rows, columns);

    public override Weight Load(params ReadOnlySpan<TensorView> stacked) =>
        stacked[0].Shape.Length == 1 ? new CpuVector(stacked[0]) : new CpuWeight(stacked);

    public override KvCache AllocateCache(LlamaConfig config, int capacity) => new CpuKvCache(config, capacity);

    public override RopeTable LoadRope(LlamaConfig config, int positions) => new CpuRopeTable(config, positions);

    public override TreeState AllocateTree(TokenTree tree, int vocabulary, SpeculationMethod method = SpeculationMethod.Sequoia) =>
        new CpuTreeState(tree, vocabulary, method, _pool.Threads);

    public override void Embed(Weight table, TreeState state, TreeRows rows, Activations x)
    {
        TensorView embedding = ((CpuWeight)table).Parts[0];
        for (int row = 0; row < rows.Count; row++)
            RowReader.Widen(embedding, ((CpuTreeState)state).Tokens[rows.Nodes[row]], ((CpuActivations)x).Row(row));
    }

    public override void RmsNorm(Activations x, int firstRow, int count, Weight weight, float epsilon, Activations y)
    {
        lock (_pool)
        {
            _rmsNorm.Set((CpuActivations)x, firstRow, (CpuVector)weight, epsilon, (CpuActivations)y);
            Run(_rmsNorm, count, 4L * count * x.Columns);
        }
    }

    public override void MatMul(Weight weight, Activations x, Activations y, int rows) => Multiply((CpuWeight)weight, (CpuActivations)x, (CpuActivations)y, rows, add: false);

    public override void MatMulAdd(Weight weight, Activations x, Activations y, int rows) => Multiply((CpuWeight)weight, (CpuActivations)x, (CpuActivations)y, rows, add: true);

    public override void RopeAppend(Activations qkv, RopeTable rope, KvCache cache, int layer, TreeRows rows)
    {
        lock (_pool)
        {
            _ropeAppend.Set((CpuActivations)qkv, (CpuRopeTable)rope, (CpuKvCache)cache, layer, rows);
            Run(_ropeAppend, rows.Count, 4L * rows.Count * qkv.Columns);
        }
    }

    public override void Attend(Activations qkv, KvCache cache, int layer, TreeRows rows, Activations output)
    {
        lock (_pool)
        {
            int items = _attend.Set((CpuActivations)qkv, (CpuKvCache)cache, layer, rows, (CpuActivations)output, _pool.Threads);
            Run(_attend, items, 2L * (rows.Prefix + 1) * rows.Count * output.Columns);
        }
    }

    public override void SiluMul(Activations gateUp, Activations hidden, int rows)
    {
        lock (_pool)
        {
            _siluMul.Set((CpuActivations)gateUp, (CpuActivations)hidden);
            Run(_siluMul, rows, 16L * rows * hidden.Columns);
        }
    }

    public override void DrawChildren(Activations logits, TreeRows rows, TreeState state, SamplingOptions sampling, RandomKey random)
    {
        lock (_pool)
        {
            _drawChildren.Set((CpuActivations)logits, rows, (CpuTreeState)state, sampling, random);
            Run(_drawChildren, rows.Count, 100L * rows.Count * logits.Columns);
        }
    }

    public override void VerifyTree(Activations logits, int nodes, TreeState state, SamplingOptions sampling, RandomKey random, Verdict verdict) =>
        TreeVerifier.Verify(kernels.Vocabulary, (CpuActivations)logits, nodes, (CpuTreeState)state, sampling, random, verdict);

    public override void Compact(KvCache cache, ReadOnlySpan<int> path) => ((CpuKvCache)cache).Compact(path);

    public override void Dispose()
    {
        _attend.Dispose();
        _matMulInput.Dispose();
    }

    private void Multiply(CpuWeight weight, CpuActivations x, CpuActivations y, int rows, bool add)
    {
        lock (_pool)
        {
            float* input = x.Row(0);
            if (weight.Type == TensorType.BF16)
            {
                if (_matMulInput.Length < (long)rows * x.Stride)
                {
                    _matMulInput.Dispose();
                    _matMulInput = new AlignedBuffer<float>((long)rows * x.Stride);
                }
                MatMulInput.SplitByParity(input, _matMulInput.Pointer, rows * x.Stride);
                input = _matMulInput.Pointer;
            }
            long work = (long)weight.Rows * weight.Columns * rows;
            // A few bands to each thread even out their speeds; small bands would cost more to hand out than to compute.
            int bands = (int)Math.Clamp(work / SmallWork, 1, 8 * _pool.Threads);
            Run(_matMul, _matMul.Set(weight, input, x.Stride, y, rows, add, bands), work);
        }
    }

    private void Run(ParallelJob job, int items, long work)
    {
        if (work >= SmallWork)
        {
            _pool.Run(job, items);
            return;
        }
        for (int item = 0; item < items; item++)
            job.Execute(item, 0);
    }
}
