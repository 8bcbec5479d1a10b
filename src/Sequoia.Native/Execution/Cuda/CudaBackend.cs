using Sequoia.Interop;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>
/// A CUDA device, or the software GPU behind the same entry points: weights, keys and values in 16 bits, all else in fp32. The kernels are the
/// plain ones (kernels/scalar) and those that draw and verify; the default stream orders them.
/// </summary>
internal sealed class CudaBackend : Backend
{
    // Levels of a tree, and so nodes of an accepted path.
    private const int MostLevels = 64;

    private readonly CudaContext _context;
    private readonly ForwardKernels _forward;
    private readonly SamplingKernels _sampling;
    private readonly CompactionState _compaction;
    private readonly Element _element;

    public CudaBackend(CudaDevice device, CudaCompiler compiler, KernelSet set, Element element)
    {
        _context = CudaContext.Primary(device);
        Name = $"{device.Driver.Name} ({device.Name})";
        HasTimes = device.Driver.IsNative;
        var kernels = new CudaKernels(_context, compiler, set, element);
        _element = element;
        var shapes = new DeviceShapes(_context);
        _forward = new ForwardKernels(kernels, shapes);
        _sampling = new SamplingKernels(kernels, shapes);
        _compaction = new CompactionState(_context, MostLevels);
    }

    public CudaContext Context => _context;

    public override string Name { get; }

    public override bool HasTimes { get; }

    public override Activations Allocate(int rows, int columns) => new CudaActivations(_context, rows, columns);

    public override Weight Load(params ReadOnlySpan<TensorView> stacked) =>
        stacked[0].Shape.Length == 1 ? new CudaVector(_context, stacked[0]) : new CudaWeight(_context, stacked, _element);

    public override KvCache AllocateCache(LlamaConfig config, int capacity)
    {
        CudaKvCache.Check(config);
        return new CudaKvCache(_context, config, capacity);
    }

    public override RopeTable LoadRope(LlamaConfig config, int positions) => new CudaRopeTable(_context, config, positions);

    public override TreeState AllocateTree(TokenTree tree, int vocabulary, SpeculationMethod method = SpeculationMethod.Sequoia)
    {
        if (method != SpeculationMethod.Sequoia)
            throw new InvalidInputException($"{Name}: has kernels for Sequoia's verification only; compare other methods on the CPU");
        if (vocabulary > 0 && tree.Levels > MostLevels)
            throw new InvalidInputException($"{Name}: a tree of {tree.Levels} levels is too deep; at most {MostLevels} are possible");
        return new CudaTreeState(_context, tree, vocabulary);
    }

    public override void Embed(Weight table, TreeState state, TreeRows rows, Activations x) =>
        _forward.Embed((CudaWeight)table, ((CudaTreeState)state).Tokens, rows, (CudaActivations)x);

    public override void RmsNorm(Activations x, int firstRow, int count, Weight weight, float epsilon, Activations y) =>
        _forward.RmsNorm((CudaActivations)x, firstRow, count, (CudaVector)weight, epsilon, (CudaActivations)y);

    public override void MatMul(Weight weight, Activations x, Activations y, int rows) =>
        _forward.MatMul((CudaWeight)weight, (CudaActivations)x, (CudaActivations)y, rows, add: false);

    public override void MatMulAdd(Weight weight, Activations x, Activations y, int rows) =>
        _forward.MatMul((CudaWeight)weight, (CudaActivations)x, (CudaActivations)y, rows, add: true);

    public override void RopeAppend(Activations qkv, RopeTable rope, KvCache cache, int layer, TreeRows rows) =>
        _forward.RopeAppend((CudaActivations)qkv, (CudaRopeTable)rope, (CudaKvCache)cache, layer, rows);

    public override void Attend(Activations qkv, KvCache cache, int layer, TreeRows rows, Activations output) =>
        _forward.Attend((CudaActivations)qkv, (CudaKvCache)cache, layer, rows, (CudaActivations)output);

    public override void SiluMul(Activations gateUp, Activations hidden, int rows) =>
        _forward.SiluMul((CudaActivations)gateUp, (CudaActivations)hidden, rows);

    public override void DrawChildren(Activations logits, TreeRows rows, TreeState state, SamplingOptions sampling, RandomKey random) =>
        _sampling.DrawChildren((CudaActivations)logits, rows, (CudaTreeState)state, sampling, random);

    public override void VerifyTree(Activations logits, int nodes, TreeState state, SamplingOptions sampling, RandomKey random, Verdict verdict) =>
        _sampling.VerifyTree((CudaActivations)logits, nodes, (CudaTreeState)state, sampling, random, verdict);

    public override void Compact(KvCache cache, ReadOnlySpan<int> path) => _sampling.Compact((CudaKvCache)cache, path, _compaction);

    public override void Dispose() => _context.Dispose();
}
