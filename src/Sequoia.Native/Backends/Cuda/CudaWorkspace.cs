using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cuda;

internal sealed class CudaWorkspace : Workspace
{
    private readonly Parts _parts = new();

    /// <param name="backend">The device.</param>
    /// <param name="matMul">The kernels, for their products' workspace.</param>
    /// <param name="model">The model.</param>
    /// <param name="size">The size of its passes.</param>
    public CudaWorkspace(CudaBackend backend, MatMulKernels matMul, Llama model, WorkspaceSize size)
    {
        LlamaConfig config = model.Config;
        try
        {
            Residual = _parts.Own(new CudaActivations(backend.Context, size.Rows, config.HiddenSize));
            Logits = _parts.Own(new CudaActivations(backend.Context, Math.Max(1, size.LogitRows), config.VocabularySize));
            int headSize = config.Heads * config.HeadDim, positions = KvPool.PagesFor(size.Positions) * KvPool.PageSize;
            Normed = Operands(
                config.HiddenSize, new(MatMulKind.Rope, config.QkvSize, config.HiddenSize), new(MatMulKind.SiluMul, 2 * config.IntermediateSize, config.HiddenSize),
                new(MatMulKind.Plain, config.VocabularySize, config.HiddenSize));
            Queries = _parts.Own(new CudaQueries(
                backend.Context, size.Rows, headSize, AttendKernels.WorkspaceForAll(size.Rows, config.Heads, positions, config.HeadDim), size.Rows * config.KvHeads));
            Attended = Operands(headSize, new MatMulShape(MatMulKind.Add, config.HiddenSize, headSize));
            Hidden = Operands(config.IntermediateSize, new MatMulShape(MatMulKind.Add, config.HiddenSize, config.IntermediateSize));
        }
        catch
        {
            Dispose();
            throw;
        }

        // Includes the workspace of the largest product.
        CudaOperands Operands(int columns, params ReadOnlySpan<MatMulShape> products)
        {
            (long partials, int counters) = (0, 0);
            foreach (MatMulShape product in products)
                (partials, counters) = (Math.Max(partials, matMul.PartialsFor(product, size.Rows)), Math.Max(counters, matMul.CountersFor(product, size.Rows)));
            return _parts.Own(new CudaOperands(backend.Context, size.Rows, columns, partials, counters));
        }
    }

    public override Accumulators Residual { get; }

    public override Activations Normed { get; }

    public override Activations Queries { get; }

    public override Activations Attended { get; }

    public override Activations Hidden { get; }

    public override Accumulators Logits { get; }

    public override void Dispose() => _parts.Dispose();
}
