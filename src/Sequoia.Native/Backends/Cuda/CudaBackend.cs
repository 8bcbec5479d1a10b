using Sequoia.Interop;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// A CUDA device, or the software GPU behind the same entry points: weights, keys, values and matmul operands in 16 bits, all
/// sums in fp32.
/// </summary>
internal sealed class CudaBackend : Backend
{
    /// <summary>The environment variable that says whether times on a CUDA device count: 0 or 1; by default they do with NVIDIA's driver.</summary>
    public const string TimesVariable = "SEQUOIA_DEVICE_TIMES";

    /// <summary>The oldest compute capability that the kernels run on.</summary>
    public static readonly Version Oldest = new(7, 5);

    private readonly CudaContext _context;
    private readonly CudaCompiler _compiler;
    private readonly KernelSet _set;
    private readonly EmbedKernel _embed;
    private readonly MatMulKernels _matMul;
    private readonly SamplingKernels _sampling;
    private readonly CommitKernels _commit;
    private readonly CudaKernels _kernels;
    private readonly List<IDisposable> _weights = [];
    private readonly CudaStaging _staging;
    private AttendKernels? _attend;
    private CudaWeightStream? _stream;

    public CudaBackend(CudaDevice device, CudaCompiler compiler, KernelSet set, Element element)
    {
        HasTimes = Environment.GetEnvironmentVariable(TimesVariable) switch
        {
            null or "" => device.Driver.IsNative,
            "0" => false,
            "1" => true,
            var other => throw new InvalidInputException($"{TimesVariable}: {other}: is neither 0 nor 1"),
        };
        (_compiler, _set) = (compiler, set);
        _context = CudaContext.Primary(device);
        Name = DeviceParts.NameOf(device);
        _kernels = new CudaKernels(_context, compiler, set, element);
        _staging = new CudaStaging(_context);
        try
        {
            _embed = new EmbedKernel(_kernels);
            _matMul = new MatMulKernels(_kernels, MatMulKernels.SourceFor(device.ComputeCapability, compiler.Version, set.Replaced.Contains("matmul")));
            _sampling = new SamplingKernels(_kernels);
            _commit = new CommitKernels(_kernels);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public CudaContext Context => _context;

    public override string Name { get; }

    public override bool HasTimes { get; }

    public override bool IsAsynchronous => true;

    public override WeightStreamInfo? Stream => _stream?.Info;

    /// <summary>The weights, if they are streamed.</summary>
    public CudaWeightStream? WeightStream => _stream;

    // Weights are read from memory once for all of them.
    public override int PrefillRows => 512;

    public override Matrix Load(TensorView tensor) => tensor.Shape.Length == 1
        ? Keep(new CudaVector(_context, tensor))
        : LoadMatrix(Plain(tensor), Itself, tensor);

    public override Matrix LoadEmbedding(TensorView tensor) => LoadResident(Plain(tensor), Itself, tensor);

    public override Matrix LoadQkv(TensorView q, TensorView k, TensorView v, int headDim)
    {
        _attend ??= new AttendKernels(_kernels, headDim, AttendKernels.HasTensorCores(headDim, q.Rows / k.Rows, _context.Device.ComputeCapability));
        var shape = new MatMulShape(MatMulKind.Rope, q.Rows + k.Rows + v.Rows, q.Columns);
        int heads = q.Rows / headDim, kvHeads = k.Rows / headDim;
        return LoadMatrix(shape, row => PairedRows.Qkv(row, heads, kvHeads, headDim), q, k, v);
    }

    public override Matrix LoadGateUp(TensorView gate, TensorView up)
    {
        int units = gate.Rows;
        return LoadMatrix(new MatMulShape(MatMulKind.SiluMul, 2 * units, gate.Columns), row => PairedRows.GateUp(row, units), gate, up);
    }

    /// <summary>Streams the weights that are loaded from now on.</summary>
    /// <param name="tensors">The model.</param>
    /// <param name="options">How; what the weights need that are not streamed is added.</param>
    /// <exception cref="InvalidInputException">The budget is too small.</exception>
    public void StreamWeights(LlamaTensors tensors, CudaStreamOptions options) =>
        _stream = new CudaWeightStream(_context, CudaMemory.Matrices(tensors), options with { Needs = new MemoryNeeds(0, CudaMemory.Fixed(tensors), 0, 0, 0) });

    /// <summary>What a decoder takes on the device, with the draft's weights.</summary>
    public MemoryNeeds NeedsOf(Llama target, Llama? draft, DecoderSizes sizes) => CudaMemory.OfDecoder(_matMul, target.Config, draft?.Config, sizes) with
    {
        Draft = draft is null || draft.Backend == this ? 0 : CudaMemory.Weights(draft.Tensors),
    };

    public override IDisposable? Reserve(Llama target, Llama? draft, DecoderSizes sizes) => _stream?.Reserve(NeedsOf(target, draft, sizes));

    // Without a rate nothing can be predicted.
    public override StreamModel? StreamModelOf(Llama target, Llama? draft) => _stream?.Info.LinkBytesPerSecond is not (> 0 and var rate) ? null : new StreamModel
    {
        WeightBytes = _stream.Bytes,
        PlanFor = sizes => _stream.PlanWith(NeedsOf(target, draft, sizes)),
        LinkBytesPerSecond = rate,
        PrefillRows = PrefillRows,
    };

    public override Llama? LoadFirstLayer(Llama model)
    {
        if (_stream is null)
            return null;
        var resident = new CudaBackend(_context.Device, _compiler, _set, _kernels.Element);
        try
        {
            return new Llama(resident, model.Config with { Layers = 1 }, model.Tensors.FirstLayer());
        }
        catch
        {
            resident.Dispose();
            throw;
        }
    }

    public override void BeginPass(bool logits, CancellationToken cancellation) => _stream?.BeginPass(logits);

    public override void EndPass() => _stream?.EndPass();

    public override void Prefetch(WorkQueue queue) => _stream?.Prefetch(CudaQueue.StreamOf(queue));

    /// <summary>Rejects weights that do not fit, before reading any.</summary>
    public void RequireRoom(LlamaTensors tensors) => new DeviceParts(_context, "the model", areWeights: true).RequireRoom(
        tensors.Matrices.Distinct().Sum(matrix => matrix.Rows * (long)matrix.Columns) * sizeof(ushort));

    public override string? NoteOn(LlamaTensors tensors) => tensors.Matrices.FirstOrDefault(matrix => matrix.Type != Elements.StoredType(_kernels.Element)) is { Name: not null } other
        ? $"weights stored as {other.Type} are kept as {_kernels.Element} on {Name}" : null;

    /// <summary>Whether a device has tensor cores for these products.</summary>
    public static bool HasTensorCores(CudaDevice device) => KernelTarget.TensorCores.RunsOn(device.ComputeCapability);

    public override int MostTreeLevels => AttendKernels.MostLevels;

    public override int MostChildren => SamplingKernels.MostChildren;

    public override RopeTable LoadRope(LlamaConfig config, int positions) => new CudaRopeTable(_context, config, positions);

    public override KvPool CreatePool(LlamaConfig config, int pages)
    {
        CudaKvPool.Check(config);
        return new CudaKvPool(_context, config, pages);
    }

    public override Workspace CreateWorkspace(Llama model, WorkspaceSize size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size.Children, MostChildren);
        return new CudaWorkspace(this, _matMul, model, size);
    }

    public override Sequence CreateSequence(TokenTree tree, SpeculationMethod method, int vocabulary, int feed, KvPages target, KvPages? draft)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tree.Levels, MostTreeLevels);
        _sampling.Prepare(vocabulary);
        return new CudaSequence(_context, tree, method, feed, target, draft);
    }

    public override Pass CreatePass(Llama model, ModelRole role, int mostRows, int mostParts, int levels = 0) =>
        new CudaPass(this, model, role, mostRows, mostParts, levels);

    /// <summary>Compiles the kernels of a pass's products.</summary>
    public void PrepareProducts(int rows, int logitRows)
    {
        _matMul.Prepare(rows);
        if (logitRows > 0)
            _matMul.Prepare(logitRows);
    }

    public override void Embed(WorkQueue queue, Matrix table, Pass pass, Accumulators x, NextNorm norm)
    {
        (var matrix, var to, var normed) = ((CudaMatrix)table, (CudaActivations)x, (CudaNormed)norm.Y);
        _embed.Launch(new Embed
        {
            Table = matrix.Data.Handle,
            Pass = ((CudaPass)pass).Device,
            X = to.Data.Handle,
            NormWeight = ((CudaVector)norm.Weight).Data.Handle,
            Normed = normed.Data.Handle,
            Norm = normed.Begin(norm),
            Columns = matrix.Columns,
            XStride = to.Stride,
            NormedRows = normed.BlockRows,
        }, pass.Count, CudaQueue.StreamOf(queue));
    }

    public override void MatMul(WorkQueue queue, Matrix weight, Activations x, Activations y, int firstRow, int rows)
    {
        (var from, var to) = ((CudaNormed)x, (CudaActivations)y);
        MatMul product = Product(weight, from, new DevicePass { Count = rows });
        (product.Y, product.YStride, product.Norm) = (to.Row(firstRow), to.Stride, from.Norm);
        Multiply(queue, MatMulKind.Plain, weight, product);
    }

    public override void MatMulAdd(WorkQueue queue, Matrix weight, Activations x, Accumulators y, int rows, NextNorm norm)
    {
        (var to, var normed) = ((CudaActivations)y, (CudaNormed)norm.Y);
        MatMul product = Product(weight, (CudaOperands)x, new DevicePass { Count = rows });
        (product.Y, product.YStride, product.YRows) = (to.Data.Handle, to.Stride, normed.BlockRows);
        (product.NormWeight, product.Normed, product.Norm) = (((CudaVector)norm.Weight).Data.Handle, normed.Data.Handle, normed.Begin(norm));
        product.FirstNormed = norm.FirstRow;
        Multiply(queue, MatMulKind.Add, weight, product);
    }

    public override void GateUp(WorkQueue queue, Matrix weight, Activations x, Activations hidden, int rows)
    {
        (var from, var to) = ((CudaNormed)x, (CudaOperands)hidden);
        MatMul product = Product(weight, from, new DevicePass { Count = rows });
        (product.Y, product.YRows, product.Norm) = (to.Data.Handle, to.BlockRows, from.Norm);
        Multiply(queue, MatMulKind.SiluMul, weight, product);
    }

    public override void ProjectQkv(WorkQueue queue, Matrix weight, Activations x, RopeTable rope, KvPool pool, int layer, Pass pass, Activations queries)
    {
        (var from, var kv, var table, var to) = ((CudaNormed)x, (CudaKvPool)pool, (CudaRopeTable)rope, (CudaQueries)queries);
        MatMul product = Product(weight, from, ((CudaPass)pass).Device);
        (product.Y, product.YStride, product.Norm) = (to.Data.Handle, to.Stride, from.Norm);
        (product.Cos, product.Sin) = (table.Cos.Handle, table.Sin.Handle);
        (product.Keys, product.Values) = (kv.Keys(layer), kv.Values(layer));
        (product.KvHeads, product.HeadDim, product.Capacity) = (kv.KvHeads, kv.HeadDim, kv.Rows);
        product.Heads = to.Columns / kv.HeadDim;
        Multiply(queue, MatMulKind.Rope, weight, product);
    }

    public override void Attend(WorkQueue queue, Activations queries, KvPool pool, int layer, Pass pass, Activations output)
    {
        (var from, var kv, var to, var rows) = ((CudaQueries)queries, (CudaKvPool)pool, (CudaOperands)output, (CudaPass)pass);
        // Many rows after a long prefix would need a large workspace, so they are split over several launches.
        foreach (AttendRows launch in rows.Attend)
        {
            _attend!.Launch(new Attend
            {
                Queries = from.Data.Handle,
                Keys = kv.Keys(layer),
                Values = kv.Values(layer),
                Output = to.Data.Handle,
                Partials = from.Partials,
                Arrived = from.Counters,
                Pass = rows.Device,
                Tiles = rows.Tile(launch.FirstTile),
                TileCount = launch.Tiles,
                FirstRow = launch.FirstRow,
                Count = launch.Count,
                Splits = AttendKernels.Splits(rows.Positions),
                Heads = from.Columns / kv.HeadDim,
                KvHeads = kv.KvHeads,
                Group = from.Columns / kv.HeadDim / kv.KvHeads,
                Capacity = kv.Rows,
                HeadDim = kv.HeadDim,
                QueryStride = from.Stride,
                OutputRows = to.BlockRows,
                Scale = 1f / MathF.Sqrt(kv.HeadDim),
            }, launch.RowTile, launch.IsTree, CudaQueue.StreamOf(queue));
        }
    }

    public override void DrawChildren(WorkQueue queue, Workspace draft, Pass pass)
    {
        var logits = (CudaActivations)draft.Logits;
        _sampling.DrawChildren(new DrawChildren
        {
            Pass = ((CudaPass)pass).Device,
            Logits = logits.Row(pass.FirstLogit),
            Workspace = ((CudaWorkspace)draft).Drawing,
            FirstRow = pass.Count - pass.LogitRows,
            FirstDraftRow = pass.FirstLogit,
            Vocabulary = logits.Columns,
            Stride = logits.Stride,
        }, pass.LogitRows, CudaQueue.StreamOf(queue));
    }

    public override void VerifyTrees(WorkQueue queue, Workspace target, Workspace? draft, Pass pass)
    {
        (var checkedRows, var drafted, var rows) = ((CudaActivations)target.Logits, (CudaActivations?)draft?.Logits, (CudaPass)pass);
        CudaStream stream = CudaQueue.StreamOf(queue);
        _sampling.VerifyTree(new VerifyTree
        {
            Parts = rows.Device.Parts,
            Target = checkedRows.Data.Handle,
            Draft = drafted?.Data.Handle ?? 0,
            Outcomes = rows.Outcomes,
            Steps = rows.Steps,
            Arrived = rows.Arrived,
            Vocabulary = checkedRows.Columns,
            TargetStride = checkedRows.Stride,
            DraftStride = drafted?.Stride ?? 0,
        }, rows.MostNodes, pass.Parts.Length, stream);
        rows.Send(stream);
    }

    public override void Commit(WorkQueue queue, Pass pass, KvPool target, KvPool? draft)
    {
        var rows = (CudaPass)pass;
        CudaStream stream = CudaQueue.StreamOf(queue);
        Compact((CudaKvPool)target, ModelRole.Target);
        if (draft is not null)
            Compact((CudaKvPool)draft, ModelRole.Draft);
        _commit.AdvanceStep(new AdvanceStep { Parts = rows.Device.Parts, Outcomes = rows.Outcomes }, pass.Parts.Length, stream);

        void Compact(CudaKvPool pool, ModelRole role) => _commit.CompactKv(new CompactKv
        {
            Cache = pool.Data.Handle,
            Parts = rows.Device.Parts,
            Outcomes = rows.Outcomes,
            CacheOf = role,
            Planes = pool.Planes,
            Capacity = pool.Rows,
            Chunks = pool.Chunks,
        }, rows.Parts.Length, stream);
    }

    public override void FetchVerdicts(WorkQueue queue, Pass pass)
    {
        Wait(queue);
        ((CudaPass)pass).Receive();
    }

    public override void Wait(WorkQueue queue) => CudaQueue.StreamOf(queue).Synchronize();

    public override WorkQueue CreateQueue() => new CudaQueue(_context);

    public override void Repeat(WorkQueue queue, Recording recording, Action work)
    {
        CudaStream stream = CudaQueue.StreamOf(queue);
        using (_stream?.BeginStep())
        {
            int placement = _stream?.Placement ?? 0;
            if (recording.Replay is CudaRecording old && old.Placement != placement)
                recording.Forget();
            if (recording.Replay is null)
            {
                using CudaGraph graph = stream.Capture(work);
                recording.Replay = new CudaRecording(graph.Instantiate(), placement);
            }
            _stream?.BeforeLaunch(stream);
            ((CudaRecording)recording.Replay).Graph.Launch(stream);
            _stream?.AfterLaunch(stream);
        }
    }

    public override void Dispose()
    {
        foreach (IDisposable? item in (IDisposable?[])[.. _weights, _stream, _staging, _kernels, _context])
            item?.Dispose();
    }

    private static MatMulShape Plain(TensorView tensor) => new(MatMulKind.Plain, tensor.Rows, tensor.Columns);

    private static SourceRow Itself(int row) => new(0, row);

    private Matrix LoadMatrix(MatMulShape shape, Func<int, SourceRow> order, params ReadOnlySpan<TensorView> parts) =>
        _stream?.Add(shape, CudaMatrix.RowsOf(shape.Columns, _kernels.Element, order, parts)) ?? (Matrix)LoadResident(shape, order, parts);

    private CudaMatrix LoadResident(MatMulShape shape, Func<int, SourceRow> order, params ReadOnlySpan<TensorView> parts) =>
        Keep(new CudaMatrix(_context, shape, _kernels.Element, order, _staging, parts));

    private void Multiply(WorkQueue queue, MatMulKind kind, Matrix weight, MatMul product)
    {
        CudaStream stream = CudaQueue.StreamOf(queue);
        if (weight is CudaStreamedMatrix { Chunk: var chunk })
        {
            product.Weight = _stream!.Take(chunk, stream);
            _matMul.Launch(kind, product, stream, startsEarly: _stream.IsResident(chunk));
            _stream.Release(chunk, stream);
            return;
        }
        product.Weight = ((CudaMatrix)weight).Data.Handle;
        _matMul.Launch(kind, product, stream);
    }

    private static MatMul Product(Matrix weight, CudaOperands x, DevicePass pass) => new()
    {
        X = x.Data.Handle,
        Partials = x.Partials,
        Arrived = x.Counters,
        Pass = pass,
        Outputs = weight.Rows,
        Columns = weight.Columns,
        XRows = x.BlockRows,
    };

    private T Keep<T>(T weight) where T : IDisposable
    {
        _weights.Add(weight);
        return weight;
    }
}

/// <summary>A step as a graph.</summary>
/// <param name="graph">The graph.</param>
/// <param name="placement">Where weights were: see <see cref="CudaWeightStream.Placement"/>.</param>
internal sealed class CudaRecording(ExecutableGraph graph, int placement) : IDisposable
{
    public ExecutableGraph Graph => graph;

    public int Placement => placement;

    public void Dispose() => graph.Dispose();
}
