using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// The CPU device. A model's operations run one at a time on the process's worker threads. Which thread runs which item never
/// changes a result. Nothing is allocated once buffers have reached their size.
/// </summary>
/// <param name="threads">The number of threads.</param>
/// <param name="kernels">The kernels.</param>
/// <param name="stream">The weights of the backend's one model, if they do not fit memory; the backend disposes it.</param>
internal sealed unsafe class CpuBackend(int threads, CpuKernels kernels, CpuWeightStream? stream = null) : Backend
{
    // Handing work to another thread costs about a microsecond; below this many multiply-adds it does not pay off.
    private const long SmallWork = 24 * 1024;

    /// <summary>The prompt tokens of a pass whose weights are streamed: it costs hardly more for many than for few.</summary>
    public const int StreamedPrefillRows = 512;

    private readonly WorkerPool _pool = new(threads);
    private readonly MatMulJob _matMul = new(kernels);
    private readonly AttendJob _attend = new(kernels);
    private readonly RmsNormJob _rmsNorm = new(kernels);
    private readonly RopeAppendJob _ropeAppend = new(kernels);
    private readonly SiluMulJob _siluMul = new(kernels);
    private readonly DrawChildrenJob _drawChildren = new(kernels);
    private readonly Dictionary<int, CpuActivations> _projected = [];
    private readonly List<IDisposable> _weights = [];
    private AlignedBuffer<float> _matMulInput = new(0);

    public override string Name => $"cpu ({kernels.Name}, {_pool.Threads} thread{(_pool.Threads == 1 ? "" : "s")})";

    public override WeightStreamInfo? Stream => stream?.Info;

    /// <summary>The weights, if they are streamed.</summary>
    public CpuWeightStream? WeightStream => stream;

    public override int PrefillRows => stream is null ? base.PrefillRows : StreamedPrefillRows;

    public override Matrix Load(TensorView tensor) => tensor.Shape.Length == 1 ? new CpuVector(tensor) : LoadStacked([tensor]);

    public override Matrix LoadEmbedding(TensorView tensor) => stream is null ? Load(tensor) : Keep(new StreamedTable(tensor));

    public override Matrix LoadTiedHead(Matrix embedding, TensorView tensor) => stream is null ? embedding : Load(tensor);

    public override Matrix LoadQkv(TensorView q, TensorView k, TensorView v, int headDim) => LoadStacked([q, k, v]);

    public override Matrix LoadGateUp(TensorView gate, TensorView up) => LoadStacked([gate, up]);

    public override RopeTable LoadRope(LlamaConfig config, int positions) => new CpuRopeTable(config, positions);

    public override KvPool CreatePool(LlamaConfig config, int pages) => new CpuKvPool(config, pages);

    public override Workspace CreateWorkspace(Llama model, WorkspaceSize size) => new CpuWorkspace(model.Config, size, _pool.Threads);

    public override Sequence CreateSequence(TokenTree tree, SpeculationMethod method, int vocabulary, int feed, KvPages target, KvPages? draft) =>
        new CpuSequence(tree, method, vocabulary, feed, target, draft);

    public override Pass CreatePass(Llama model, ModelRole role, int mostRows, int mostParts, int levels = 0) => new CpuPass(role, mostRows, mostParts);

    public override IDisposable? Reserve(Llama target, Llama? draft, DecoderSizes sizes) => stream?.Reserve(NeedsOf(target, draft, sizes));

    public override StreamModel? StreamModelOf(Llama target, Llama? draft) => stream is null ? null : new StreamModel
    {
        WeightBytes = stream.Chunks.Bytes,
        PlanFor = sizes => stream.PlanWith(NeedsOf(target, draft, sizes)),
        LinkBytesPerSecond = stream.Info.LinkBytesPerSecond,
        PrefillRows = PrefillRows,
    };

    public override Llama? LoadFirstLayer(Llama model)
    {
        if (stream is null)
            return null;
        LlamaTensors first = model.Tensors.FirstLayer();
        var inMemory = new CpuBackend(_pool.Threads, kernels, new CpuWeightStream(first, new StreamOptions { Budget = long.MaxValue / 2, MeasuringTime = TimeSpan.Zero }));
        try
        {
            return new Llama(inMemory, first.Config, first);
        }
        catch
        {
            inMemory.Dispose();
            throw;
        }
    }

    public override void BeginPass(bool logits, CancellationToken cancellation) => stream?.Begin(logits, cancellation);

    public override void EndPass() => stream?.End();

    public override void Embed(WorkQueue queue, Matrix table, Pass pass, Accumulators x, NextNorm norm)
    {
        ReadOnlySpan<PassRow> rows = pass.Rows;
        for (int row = 0; row < rows.Length; row++)
        {
            int token = ((CpuSequence)rows[row].Sequence).Token(rows[row].Node);
            if (table is StreamedTable streamed)
                streamed.Widen(token, ((CpuActivations)x).Row(row));
            else
                RowReader.Widen(((CpuMatrix)table).Parts[0], token, ((CpuActivations)x).Row(row));
        }
        Normalise(x, rows.Length, norm);
    }

    public override void MatMul(WorkQueue queue, Matrix weight, Activations x, Activations y, int firstRow, int rows) =>
        Multiply((CpuMatrix)weight, (CpuActivations)x, (CpuActivations)y, firstRow, rows, add: false);

    public override void MatMulAdd(WorkQueue queue, Matrix weight, Activations x, Accumulators y, int rows, NextNorm norm)
    {
        Multiply((CpuMatrix)weight, (CpuActivations)x, (CpuActivations)y, 0, rows, add: true);
        Normalise(y, rows, norm);
    }

    public override void ProjectQkv(WorkQueue queue, Matrix weight, Activations x, RopeTable rope, KvPool pool, int layer, Pass pass, Activations queries)
    {
        lock (_pool)
        {
            CpuActivations qkv = Projected(pass.Count, weight.Rows);
            Multiply((CpuMatrix)weight, (CpuActivations)x, qkv, 0, pass.Count, add: false);
            _ropeAppend.Set(qkv, (CpuRopeTable)rope, (CpuKvPool)pool, layer, pass, (CpuActivations)queries);
            Run(_ropeAppend, pass.Count, 4L * pass.Count * qkv.Columns);
        }
    }

    public override void Attend(WorkQueue queue, Activations queries, KvPool pool, int layer, Pass pass, Activations output)
    {
        long keys = 0;
        int positions = 0;
        foreach (PassPart part in pass.Parts)
        {
            keys += (long)part.Rows * (part.Sequence.Committed + 1);
            positions = Math.Max(positions, part.Sequence.Pages(pass.Role).Positions);
        }
        lock (_pool)
        {
            int items = _attend.Set((CpuActivations)queries, (CpuKvPool)pool, layer, pass, (CpuActivations)output, positions, _pool.Threads);
            Run(_attend, items, 2L * keys * output.Columns);
        }
    }

    public override void GateUp(WorkQueue queue, Matrix weight, Activations x, Activations hidden, int rows)
    {
        lock (_pool)
        {
            CpuActivations gateUp = Projected(rows, weight.Rows);
            Multiply((CpuMatrix)weight, (CpuActivations)x, gateUp, 0, rows, add: false);
            _siluMul.Set(gateUp, (CpuActivations)hidden);
            Run(_siluMul, rows, 16L * rows * hidden.Columns);
        }
    }

    public override void DrawChildren(WorkQueue queue, Workspace draft, Pass pass)
    {
        lock (_pool)
        {
            _drawChildren.Set((CpuWorkspace)draft, pass);
            Run(_drawChildren, pass.LogitRows, 100L * pass.LogitRows * draft.Logits.Columns);
        }
    }

    public override void VerifyTrees(WorkQueue queue, Workspace target, Workspace? draft, Pass pass)
    {
        var at = (CpuWorkspace)target;
        foreach (PassPart part in pass.Parts)
            new TreeVerifier(kernels.Vocabulary, at.Scratch[0], (CpuSequence)part.Sequence).Verify(at.Logits, part.FirstRow, part.Rows);
    }

    public override void Commit(WorkQueue queue, Pass pass, KvPool target, KvPool? draft)
    {
        foreach (PassPart part in pass.Parts)
        {
            var sequence = (CpuSequence)part.Sequence;
            ReadOnlySpan<int> path = sequence.Verdict.Path;
            ((CpuKvPool)target).Compact(sequence.TargetPages, sequence.Committed, path);
            if (sequence.DraftPages is { } pages)
                ((CpuKvPool)draft!).Compact(pages, sequence.Committed, sequence.Drafted(path));
            sequence.Token(-1) = sequence.Token(path[^1]);
            sequence.Token(0) = sequence.Verdict.Token;
        }
    }

    public override void Dispose()
    {
        stream?.Dispose();
        _pool.Dispose();
        _attend.Dispose();
        _matMulInput.Dispose();
        _weights.ForEach(weight => weight.Dispose());
        foreach (CpuActivations projected in _projected.Values)
            projected.Dispose();
    }

    private MemoryNeeds NeedsOf(Llama target, Llama? draft, DecoderSizes sizes) =>
        CpuMemory.OfDecoder(target.Config, draft?.Config, sizes, _pool.Threads) with { Draft = sizes.Draft is null ? 0 : draft!.Tensors.Bytes };

    private CpuMatrix LoadStacked(ReadOnlySpan<TensorView> tensors) =>
        Keep(stream is not null && CpuMatrix.HasWholeChunks(tensors[0]) ? new StreamedMatrix(stream, tensors) : new CpuMatrix(tensors));

    private T Keep<T>(T weight) where T : IDisposable
    {
        _weights.Add(weight);
        return weight;
    }

    /// <summary>A projection's output before its other half is computed; by columns, since models have few widths.</summary>
    private CpuActivations Projected(int rows, int columns)
    {
        if (_projected.TryGetValue(columns, out CpuActivations? existing) && existing.Rows >= rows)
            return existing;
        existing?.Dispose();
        return _projected[columns] = new CpuActivations(rows, columns);
    }

    private void Normalise(Activations x, int rows, NextNorm norm)
    {
        lock (_pool)
        {
            int count = rows - norm.FirstRow;
            _rmsNorm.Set((CpuActivations)x, norm.FirstRow, (CpuVector)norm.Weight, norm.Epsilon, (CpuActivations)norm.Y);
            Run(_rmsNorm, count, 4L * count * x.Columns);
        }
    }

    private void Multiply(CpuMatrix weight, CpuActivations x, CpuActivations y, int firstRow, int rows, bool add)
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
                MatMulInput.SplitByParity(input, _matMulInput.Pointer, (long)rows * x.Stride);
                input = _matMulInput.Pointer;
            }
            for (int part = 0; part < weight.Parts.Length;)
            {
                int end = weight.Acquire(part), endColumn = end < weight.Parts.Length ? weight.FirstColumns[end] : weight.Rows;
                long work = (long)(endColumn - weight.FirstColumns[part]) * weight.Columns * rows;
                // A few bands per thread balance uneven speeds; smaller bands would cost more to schedule than to compute.
                int bands = (int)Math.Clamp(work / SmallWork, 1, 8 * _pool.Threads);
                Run(_matMul, _matMul.Set(weight, part, end, input, x.Stride, y, firstRow, rows, add, bands), work);
                part = end;
            }
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
