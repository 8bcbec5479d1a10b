using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>
/// A CUDA device, or the software GPU behind the same entry points: weights, keys, values and what they are multiplied by in 16 bits, all
/// sums in fp32. Work goes to the stream of the queue that the calling thread is in.
/// </summary>
internal sealed class CudaBackend : Backend
{
    // Levels of a tree, and so nodes of an accepted path.
    private const int MostLevels = 64;

    // CU_STREAM_LEGACY.
    private const nint Legacy = 1;

    // Of 16 x 8 x 16 products; older devices compute with the scalar twins.
    private static readonly Version TensorCores = new(8, 0);

    /// <summary>The oldest compute capability that the kernels run on.</summary>
    public static readonly Version Oldest = new(7, 5);

    private readonly CudaContext _context;
    private readonly CudaStream _default;
    private readonly RowKernels _rows;
    private readonly MatMulKernels _matMul;
    private readonly CudaSampling _sampling;
    private readonly CudaCommit _commit;
    private readonly CudaKernels _kernels;
    private readonly DeviceShapes _shapes;
    private readonly List<IDisposable> _weights = [];
    private readonly CudaStaging _staging;
    private AttendKernels? _attend;

    public CudaBackend(CudaDevice device, CudaCompiler compiler, KernelSet set, Element element)
    {
        _context = CudaContext.Primary(device);
        _default = CudaStream.Wrap(_context, Legacy);
        Name = DeviceParts.NameOf(device);
        HasTimes = device.Driver.IsNative;
        _kernels = new CudaKernels(_context, compiler, set, element);
        _shapes = new DeviceShapes(_context);
        _staging = new CudaStaging(_context);
        try
        {
            _rows = new RowKernels(_kernels);
            _matMul = new MatMulKernels(_kernels, HasTensorCores(device));
            _sampling = new CudaSampling(_kernels, _shapes);
            _commit = new CudaCommit(_kernels);
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

    // Weights are read from memory once for all of them.
    public override int PrefillRows => 512;

    public override Activations Allocate(int rows, int columns) =>
        new CudaActivations(_context, rows, columns);

    public override Activations AllocateFactor(int rows, int columns) => new CudaFactors(_context, rows, columns, _kernels.Element);

    public override Weight Load(TensorView tensor) => tensor.Shape.Length == 1
        ? Keep(new CudaVector(_context, tensor))
        : LoadMatrix(new MatMulShape(MatMulKind.Plain, tensor.Rows, tensor.Columns), row => new SourceRow(0, row), tensor);

    public override Weight LoadQkv(TensorView q, TensorView k, TensorView v, int headDim)
    {
        _attend ??= new AttendKernels(_kernels, headDim, AttendKernels.HasTensorCores(headDim, q.Rows / k.Rows, _context.Device.ComputeCapability));
        var shape = new MatMulShape(MatMulKind.Rope, q.Rows + k.Rows + v.Rows, q.Columns);
        int heads = q.Rows / headDim, kvHeads = k.Rows / headDim;
        return LoadMatrix(shape, row => PairedRows.Qkv(row, heads, kvHeads, headDim), q, k, v);
    }

    public override Weight LoadGateUp(TensorView gate, TensorView up)
    {
        int units = gate.Rows;
        return LoadMatrix(new MatMulShape(MatMulKind.SiluMul, 2 * units, gate.Columns), row => PairedRows.GateUp(row, units), gate, up);
    }

    /// <summary>Refuses weights that do not fit, before any is read.</summary>
    public void RequireRoom(LlamaTensors tensors) => new DeviceParts(_context, "the model", areWeights: true).RequireRoom(
        tensors.Matrices.Distinct().Sum(matrix => matrix.Rows * (long)matrix.Columns) * sizeof(ushort));

    public override string? NoteOn(LlamaTensors tensors) => tensors.Matrices.FirstOrDefault(matrix => matrix.Type != Elements.StoredType(_kernels.Element)) is { Name: not null } other
        ? $"weights stored as {other.Type} are kept as {_kernels.Element} on {Name}" : null;

    /// <summary>Whether a device has tensor cores for the products here.</summary>
    public static bool HasTensorCores(CudaDevice device) => device.ComputeCapability >= TensorCores;

    public override KvCache AllocateCache(LlamaConfig config, int capacity)
    {
        CudaKvCache.Check(config);
        return new CudaKvCache(_context, config, capacity);
    }

    public override RopeTable LoadRope(LlamaConfig config, int positions) =>
        new CudaRopeTable(_context, config, positions);

    public override TreeState AllocateTree(TokenTree tree, int vocabulary, SpeculationMethod method = SpeculationMethod.Sequoia)
    {
        if (vocabulary > 0 && tree.Levels > MostLevels)
            throw new InvalidInputException($"{Name}: a tree of {tree.Levels} levels is too deep; at most {MostLevels} are possible");
        _sampling.Prepare(vocabulary);
        return new CudaTreeState(_context, tree, vocabulary, method);
    }

    public override void Embed(Weight table, TreeState state, TreeRows rows, Activations x)
    {
        (var weight, var to) = ((CudaWeight)table, (CudaActivations)x);
        _rows.Embed(new Embed
        {
            Table = weight.Data.Handle,
            TokOfNode = ((CudaTreeState)state).Tokens,
            Nodes = _shapes.Nodes(rows).Handle,
            X = to.Data.Handle,
            Columns = weight.Columns,
            TableStride = weight.Shape.Stride,
            XStride = to.Stride,
        }, rows.Count, CudaQueue.Current);
    }

    public override void RmsNorm(Activations x, int firstRow, int count, Weight weight, float epsilon, Activations y)
    {
        (var from, var to) = ((CudaActivations)x, (CudaFactors)y);
        _rows.RmsNorm(new RmsNorm
        {
            X = from.Data.Handle + (nint)((long)firstRow * from.Stride * sizeof(float)),
            Weight = ((CudaVector)weight).Data.Handle,
            Y = to.Data.Handle,
            Columns = x.Columns,
            XStride = from.Stride,
            YStride = to.Stride,
            Epsilon = epsilon,
        }, count, CudaQueue.Current);
    }

    public override void MatMul(Weight weight, Activations x, Activations y, int rows) =>
        Multiply(MatMulKind.Plain, (CudaWeight)weight, (CudaFactors)x, (CudaActivations)y, rows);

    public override void MatMulAdd(Weight weight, Activations x, Activations y, int rows) =>
        Multiply(MatMulKind.Add, (CudaWeight)weight, (CudaFactors)x, (CudaActivations)y, rows);

    public override void GateUp(Weight weight, Activations x, Activations hidden, int rows)
    {
        (var matrix, var to) = ((CudaWeight)weight, (CudaFactors)hidden);
        MatMul product = Product(matrix, (CudaFactors)x, new PassRows { Count = rows });
        (product.Y, product.YStride) = (to.Data.Handle, to.Stride);
        _matMul.Launch(MatMulKind.SiluMul, product, CudaQueue.Current);
    }

    public override void ProjectQkv(Weight weight, Activations x, RopeTable rope, KvCache cache, int layer, TreeState state, TreeRows rows, Activations queries)
    {
        (var matrix, var kv, var table, var to) = ((CudaWeight)weight, (CudaKvCache)cache, (CudaRopeTable)rope, (CudaFactors)queries);
        MatMul product = Product(matrix, (CudaFactors)x, _shapes.Pass((CudaTreeState)state, rows));
        (product.Y, product.YStride) = (to.Data.Handle, to.Stride);
        (product.Cos, product.Sin) = (table.Cos.Handle, table.Sin.Handle);
        (product.Keys, product.Values) = (kv.Keys(layer), kv.Values(layer));
        (product.KvHeads, product.HeadDim, product.Capacity) = (kv.KvHeads, kv.HeadDim, kv.Capacity);
        product.Heads = to.Columns / kv.HeadDim;
        _matMul.Launch(MatMulKind.Rope, product, CudaQueue.Current);
    }

    public override void Attend(Activations queries, KvCache cache, int layer, TreeState state, TreeRows rows, Activations output)
    {
        (var from, var kv, var to) = ((CudaFactors)queries, (CudaKvCache)cache, (CudaFactors)output);
        int heads = from.Columns / kv.HeadDim;
        // Many rows behind a long prefix would need much workspace: they come in turns.
        int most = AttendKernels.RowsOfLaunch(from.Rows, heads, kv.Capacity, kv.HeadDim);
        nint partials = from.Partials(AttendKernels.WorkspaceFloats(most, heads, kv.Capacity, kv.HeadDim));
        PassRows all = _shapes.Pass((CudaTreeState)state, rows);
        for (int first = 0; first < rows.Count; first += most)
        {
            PassRows part = all;
            part.Nodes += first * sizeof(int);
            part.Count = Math.Min(most, rows.Count - first);
            _attend!.Launch(new Attend
            {
                Queries = from.Data.Handle + (nint)((long)first * from.Stride * sizeof(ushort)),
                Keys = kv.Keys(layer),
                Values = kv.Values(layer),
                Output = to.Data.Handle + (nint)((long)first * to.Stride * sizeof(ushort)),
                Partials = partials,
                Rows = part,
                Heads = heads,
                KvHeads = kv.KvHeads,
                Capacity = kv.Capacity,
                HeadDim = kv.HeadDim,
                QueryStride = from.Stride,
                OutputStride = to.Stride,
                Scale = 1f / MathF.Sqrt(kv.HeadDim),
            }, CudaQueue.Current);
        }
    }

    public override void DrawChildren(Activations logits, TreeRows rows, TreeState state, SamplingOptions sampling) =>
        _sampling.DrawChildren((CudaActivations)logits, rows, (CudaTreeState)state, sampling);

    public override void VerifyTree(Activations logits, int nodes, TreeState state, SamplingOptions sampling)
    {
        var own = (CudaTreeState)state;
        _sampling.VerifyTree((CudaActivations)logits, nodes, own, sampling);
        own.Send();
    }

    public override void Commit(TreeState state, TreeState? pending, KvCache target, KvCache? draft)
    {
        var own = (CudaTreeState)state;
        _commit.Compact((CudaKvCache)target, own, own.DeviceVerdict);
        if (draft is not null)
            _commit.Compact((CudaKvCache)draft, own, own.Kept);
        _commit.Advance(own, draft is null ? null : (CudaTreeState?)pending);
    }

    public override void FetchVerdict(TreeState state)
    {
        Wait();
        ((CudaTreeState)state).Receive();
    }

    public override void Wait() => (CudaQueue.Current ?? _default).Synchronize();

    public override WorkQueue CreateQueue() => new CudaQueue(_context);

    public override void Repeat(Recording recording, Action work)
    {
        CudaStream stream = CudaQueue.Current ?? throw new InvalidOperationException("work is repeated in a queue only");
        if (recording.Replay is ExecutableGraph replay)
        {
            replay.Launch(stream);
            return;
        }
        if (!recording.IsWarm)
        {
            work();
            recording.IsWarm = true;
            return;
        }
        using CudaGraph graph = stream.Capture(work);
        ExecutableGraph executable = graph.Instantiate();
        recording.Replay = executable;
        executable.Launch(stream);
    }

    public override void Dispose()
    {
        foreach (IDisposable? item in (IDisposable?[])[.. _weights, _staging, _shapes, _kernels, _default, _context])
            item?.Dispose();
    }

    private CudaWeight LoadMatrix(MatMulShape shape, Func<int, SourceRow> order, params ReadOnlySpan<TensorView> parts) =>
        Keep(new CudaWeight(_context, shape, _kernels.Element, order, _staging, parts));

    private void Multiply(MatMulKind kind, CudaWeight weight, CudaFactors x, CudaActivations y, int rows)
    {
        MatMul product = Product(weight, x, new PassRows { Count = rows });
        (product.Y, product.YStride) = (y.Data.Handle, y.Stride);
        _matMul.Launch(kind, product, CudaQueue.Current);
    }

    private MatMul Product(CudaWeight weight, CudaFactors x, PassRows rows) => new()
    {
        Weight = weight.Data.Handle,
        X = x.Data.Handle,
        Partials = x.Partials(_matMul.PartialsFor(weight.Shape, x.Rows)),
        Arrived = x.Counters(_matMul.CountersFor(weight.Shape, x.Rows)),
        Rows = rows,
        Outputs = weight.Rows,
        Columns = weight.Columns,
        WeightStride = weight.Shape.Stride,
        XStride = x.Stride,
    };

    private T Keep<T>(T weight) where T : IDisposable
    {
        _weights.Add(weight);
        return weight;
    }
}
