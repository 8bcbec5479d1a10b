using Sequoia.Native.Execution.Cpu.Jobs;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>
/// The CPU device. A model's operations run one at a time, on the process's worker threads; which thread does what never
/// changes a result. Nothing is allocated once buffers have reached their size.
/// </summary>
internal sealed unsafe class CpuBackend(int threads, CpuKernels kernels) : Backend
{
    // Handing work to another thread costs about a microsecond; below this many multiply-adds that does not pay.
    private const long SmallWork = 24 * 1024;

    private readonly WorkerPool _pool = new(threads);
    private readonly MatMulJob _matMul = new(kernels);
    private readonly AttendJob _attend = new(kernels);
    private readonly RmsNormJob _rmsNorm = new(kernels);
    private readonly RopeAppendJob _ropeAppend = new();
    private readonly SiluMulJob _siluMul = new(kernels);
    private readonly DrawChildrenJob _drawChildren = new(kernels);
    private readonly Dictionary<int, CpuActivations> _projected = [];
    private readonly List<CpuWeight> _weights = [];
    private AlignedBuffer<float> _matMulInput = new(0);

    public override string Name => $"cpu ({kernels.Name}, {_pool.Threads} thread{(_pool.Threads == 1 ? "" : "s")})";

    public override Activations Allocate(int rows, int columns) => new CpuActivations(rows, columns);

    public override Activations AllocateFactor(int rows, int columns) => new CpuActivations(rows, columns);

    public override Weight Load(TensorView tensor) => tensor.Shape.Length == 1 ? new CpuVector(tensor) : Keep(new CpuWeight([tensor]));

    public override Weight LoadQkv(TensorView q, TensorView k, TensorView v, int headDim) => Keep(new CpuWeight([q, k, v]));

    public override Weight LoadGateUp(TensorView gate, TensorView up) => Keep(new CpuWeight([gate, up]));

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

    public override void ProjectQkv(Weight weight, Activations x, RopeTable rope, KvCache cache, int layer, TreeState state, TreeRows rows, Activations queries)
    {
        lock (_pool)
        {
            CpuActivations qkv = Projected(rows.Count, weight.Rows);
            MatMul(weight, x, qkv, rows.Count);
            _ropeAppend.Set(qkv, (CpuRopeTable)rope, (CpuKvCache)cache, layer, rows, (CpuActivations)queries);
            Run(_ropeAppend, rows.Count, 4L * rows.Count * qkv.Columns);
        }
    }

    public override void Attend(Activations queries, KvCache cache, int layer, TreeState state, TreeRows rows, Activations output)
    {
        lock (_pool)
        {
            int items = _attend.Set((CpuActivations)queries, (CpuKvCache)cache, layer, rows, (CpuActivations)output, _pool.Threads);
            Run(_attend, items, 2L * (rows.Prefix + 1) * rows.Count * output.Columns);
        }
    }

    public override void GateUp(Weight weight, Activations x, Activations hidden, int rows)
    {
        lock (_pool)
        {
            CpuActivations gateUp = Projected(rows, weight.Rows);
            MatMul(weight, x, gateUp, rows);
            _siluMul.Set(gateUp, (CpuActivations)hidden);
            Run(_siluMul, rows, 16L * rows * hidden.Columns);
        }
    }

    public override void DrawChildren(Activations logits, TreeRows rows, TreeState state, SamplingOptions sampling)
    {
        lock (_pool)
        {
            _drawChildren.Set((CpuActivations)logits, rows, (CpuTreeState)state, sampling);
            Run(_drawChildren, rows.Count, 100L * rows.Count * logits.Columns);
        }
    }

    public override void VerifyTree(Activations logits, int nodes, TreeState state, SamplingOptions sampling) =>
        TreeVerifier.Verify(kernels.Vocabulary, (CpuActivations)logits, nodes, (CpuTreeState)state, sampling);

    public override void Commit(TreeState state, TreeState? pending, KvCache target, KvCache? draft)
    {
        var own = (CpuTreeState)state;
        Verdict verdict = own.Verdict;
        ReadOnlySpan<int> path = verdict.Path;
        ((CpuKvCache)target).Compact(path);
        if (draft is not null)
        {
            bool endsInLeaf = own.Tree.ChildCount(path[^1]) == 0;
            ((CpuKvCache)draft).Compact(endsInLeaf ? path[..^1] : path);
            int[] waiting = ((CpuTreeState)pending!).Tokens;
            waiting[0] = own.Tokens[path[^1]];
            waiting[endsInLeaf ? 1 : 0] = verdict.Token;
        }
        own.Tokens[0] = verdict.Token;
        own.Random = own.Random with { Step = own.Random.Step + 1 };
    }

    public override void Dispose()
    {
        _pool.Dispose();
        _attend.Dispose();
        _matMulInput.Dispose();
        _weights.ForEach(weight => weight.Dispose());
        foreach (CpuActivations projected in _projected.Values)
            projected.Dispose();
    }

    private CpuWeight Keep(CpuWeight weight)
    {
        _weights.Add(weight);
        return weight;
    }

    /// <summary>What a projection is before its other half is done: by columns, since models have few widths.</summary>
    private CpuActivations Projected(int rows, int columns)
    {
        if (_projected.TryGetValue(columns, out CpuActivations? existing) && existing.Rows >= rows)
            return existing;
        existing?.Dispose();
        return _projected[columns] = new CpuActivations(rows, columns);
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
