using Sequoia.Interop;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>
/// A CUDA device, or the software GPU behind the same entry points: weights, keys and values in 16 bits, all else in fp32. Work goes to the
/// calling thread's own stream: a generator computes on one thread, and both its models' work comes in order there.
/// </summary>
internal sealed class CudaBackend : Backend
{
    // Levels of a tree, and so nodes of an accepted path.
    private const int MostLevels = 64;

    /// <summary>The oldest compute capability that the kernels run on.</summary>
    public static readonly Version Oldest = new(7, 5);

    private readonly CudaContext _context;
    private readonly CudaStream _stream;
    private readonly ForwardKernels _forward;
    private readonly SamplingKernels _sampling;
    private readonly CommitKernels _commit;
    private readonly CudaKernels _kernels;
    private readonly DeviceShapes _shapes;
    private readonly List<IDisposable> _weights = [];
    private CudaActivations? _qkv, _gateUp;

    public CudaBackend(CudaDevice device, CudaCompiler compiler, KernelSet set, Element element)
    {
        _context = CudaContext.Primary(device);
        _stream = CudaStream.OfThread(_context);
        Name = DeviceParts.NameOf(device);
        HasTimes = device.Driver.IsNative;
        _kernels = new CudaKernels(_context, compiler, set, element);
        _shapes = new DeviceShapes(_context);
        try
        {
            _forward = new ForwardKernels(_kernels, _shapes, _stream);
            _sampling = new SamplingKernels(_kernels, _shapes, _stream);
            _commit = new CommitKernels(_kernels, _stream);
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

    public override Activations Allocate(int rows, int columns) =>
        new CudaActivations(_context, rows, columns);

    public override Activations AllocateFactor(int rows, int columns) => Allocate(rows, columns);

    public override Weight Load(TensorView tensor) =>
        tensor.Shape.Length == 1 ? Keep(new CudaVector(_context, tensor)) : LoadMatrix(tensor);

    public override Weight LoadQkv(TensorView q, TensorView k, TensorView v, int headDim) => LoadMatrix(q, k, v);

    public override Weight LoadGateUp(TensorView gate, TensorView up) => LoadMatrix(gate, up);

    /// <summary>Refuses weights that do not fit, before any is read.</summary>
    public void RequireRoom(LlamaTensors tensors) => new DeviceParts(_context, "the model", areWeights: true).RequireRoom(
        tensors.Matrices.Distinct().Sum(matrix => matrix.Rows * (long)matrix.Columns) * sizeof(ushort));

    public override string? NoteOn(LlamaTensors tensors) => tensors.Matrices.FirstOrDefault(matrix => matrix.Type != StoredType) is { Name: not null } other
        ? $"weights stored as {other.Type} are kept as {_kernels.Element} on {Name}" : null;

    private TensorType StoredType => _kernels.Element == Element.F16 ? TensorType.F16 : TensorType.BF16;

    public override KvCache AllocateCache(LlamaConfig config, int capacity)
    {
        CudaKvCache.Check(config);
        return new CudaKvCache(_context, config, capacity);
    }

    public override RopeTable LoadRope(LlamaConfig config, int positions) =>
        new CudaRopeTable(_context, config, positions);

    public override TreeState AllocateTree(TokenTree tree, int vocabulary, SpeculationMethod method = SpeculationMethod.Sequoia)
    {
        if (method != SpeculationMethod.Sequoia)
            throw new InvalidInputException($"{Name}: has kernels for Sequoia's verification only; compare other methods on the CPU");
        if (vocabulary > 0 && tree.Levels > MostLevels)
            throw new InvalidInputException($"{Name}: a tree of {tree.Levels} levels is too deep; at most {MostLevels} are possible");
        _sampling.Prepare(vocabulary);
        return new CudaTreeState(_context, tree, vocabulary);
    }

    public override void Embed(Weight table, TreeState state, TreeRows rows, Activations x) =>
        _forward.Embed((CudaWeight)table, (CudaTreeState)state, rows, (CudaActivations)x);

    public override void RmsNorm(Activations x, int firstRow, int count, Weight weight, float epsilon, Activations y) =>
        _forward.RmsNorm((CudaActivations)x, firstRow, count, (CudaVector)weight, epsilon, (CudaActivations)y);

    public override void MatMul(Weight weight, Activations x, Activations y, int rows) =>
        _forward.MatMul((CudaWeight)weight, (CudaActivations)x, (CudaActivations)y, rows, add: false);

    public override void MatMulAdd(Weight weight, Activations x, Activations y, int rows) =>
        _forward.MatMul((CudaWeight)weight, (CudaActivations)x, (CudaActivations)y, rows, add: true);

    public override void ProjectQkv(Weight weight, Activations x, RopeTable rope, KvCache cache, int layer, TreeState state, TreeRows rows, Activations queries)
    {
        _qkv = Scratch(_qkv, rows.Count, weight.Rows);
        MatMul(weight, x, _qkv, rows.Count);
        _forward.RopeAppend(_qkv, (CudaRopeTable)rope, (CudaKvCache)cache, layer, (CudaTreeState)state, rows);
    }

    public override void Attend(Activations queries, KvCache cache, int layer, TreeState state, TreeRows rows, Activations output) =>
        _forward.Attend(_qkv!, (CudaKvCache)cache, layer, (CudaTreeState)state, rows, (CudaActivations)output);

    public override void GateUp(Weight weight, Activations x, Activations hidden, int rows)
    {
        _gateUp = Scratch(_gateUp, rows, weight.Rows);
        MatMul(weight, x, _gateUp, rows);
        _forward.SiluMul(_gateUp, (CudaActivations)hidden, rows);
    }

    public override void DrawChildren(Activations logits, TreeRows rows, TreeState state, SamplingOptions sampling) =>
        _sampling.DrawChildren((CudaActivations)logits, rows, (CudaTreeState)state, sampling);

    public override void VerifyTree(Activations logits, int nodes, TreeState state, SamplingOptions sampling)
    {
        var own = (CudaTreeState)state;
        _sampling.VerifyTree((CudaActivations)logits, nodes, own, sampling);
        own.Send(_stream);
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

    public override void Wait() => _stream.Synchronize();

    public override void Repeat(Recording recording, Action work)
    {
        if (recording.Replay is ExecutableGraph replay)
        {
            replay.Launch(_stream);
            return;
        }
        if (!recording.IsWarm)
        {
            work();
            recording.IsWarm = true;
            return;
        }
        using CudaGraph graph = _stream.Capture(work);
        ExecutableGraph executable = graph.Instantiate();
        recording.Replay = executable;
        executable.Launch(_stream);
    }

    public override void Dispose()
    {
        foreach (IDisposable? item in (IDisposable?[])[.. _weights, _qkv, _gateUp, _shapes, _kernels, _context])
            item?.Dispose();
    }

    private CudaWeight LoadMatrix(params ReadOnlySpan<TensorView> stacked) => Keep(new CudaWeight(_context, stacked, _kernels.Element));

    private T Keep<T>(T weight) where T : IDisposable
    {
        _weights.Add(weight);
        return weight;
    }

    private CudaActivations Scratch(CudaActivations? existing, int rows, int columns)
    {
        if (existing is not null && existing.Rows >= rows)
            return existing;
        existing?.Dispose();
        return new CudaActivations(_context, rows, columns);
    }
}
