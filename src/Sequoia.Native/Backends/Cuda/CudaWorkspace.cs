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
                config.HiddenSize, 0, 0, new(MatMulKind.Rope, config.QkvSize, config.HiddenSize), new(MatMulKind.SiluMul, 2 * config.IntermediateSize, config.HiddenSize),
                new(MatMulKind.Plain, config.VocabularySize, config.HiddenSize));
            Queries = Operands(
                headSize, AttendKernels.WorkspaceForAll(size.Rows, config.Heads, positions, config.HeadDim), size.Rows * config.KvHeads);
            Attended = Operands(headSize, 0, 0, new MatMulShape(MatMulKind.Add, config.HiddenSize, headSize));
            Hidden = Operands(config.IntermediateSize, 0, 0, new MatMulShape(MatMulKind.Add, config.HiddenSize, config.IntermediateSize));
            int rows = Math.Max(1, size.LogitRows), parts = DrawWorkspace.PartsFor(config.VocabularySize);
            DeviceParts drawing = _parts.Own(new DeviceParts(backend.Context, $"room for drawing from {rows} rows"));
            Drawing = new DrawWorkspace(drawing.Upload(new int[DrawWorkspace.Words(rows, parts, size.Children)]).Handle, rows, parts, size.Children);
        }
        catch
        {
            Dispose();
            throw;
        }

        // Includes the workspace of the largest product.
        CudaOperands Operands(int columns, long partials, int counters, params ReadOnlySpan<MatMulShape> products)
        {
            foreach (MatMulShape product in products)
                (partials, counters) = (Math.Max(partials, matMul.PartialsFor(product, size.Rows)), Math.Max(counters, matMul.CountersFor(product, size.Rows)));
            return _parts.Own(new CudaOperands(backend.Context, size.Rows, columns, backend.Element, partials, counters));
        }
    }

    public override Activations Residual { get; }

    public override Activations Normed { get; }

    public override Activations Queries { get; }

    public override Activations Attended { get; }

    public override Activations Hidden { get; }

    public override Activations Logits { get; }

    public DrawWorkspace Drawing { get; }

    public override void Dispose() => _parts.Dispose();
}
