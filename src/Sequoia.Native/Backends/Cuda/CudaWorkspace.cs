using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cuda;

internal sealed class CudaWorkspace : Workspace
{
    private readonly Parts _parts = new();

    /// <param name="backend">The device.</param>
    /// <param name="matMul">What its products take beside their operands.</param>
    /// <param name="model">The model.</param>
    /// <param name="size">Its passes.</param>
    public CudaWorkspace(CudaBackend backend, MatMulKernels matMul, Llama model, WorkspaceSize size)
    {
        LlamaConfig config = model.Config;
        try
        {
            Residual = _parts.Own(new CudaActivations(backend.Context, size.Rows, config.HiddenSize));
            Logits = _parts.Own(new CudaActivations(backend.Context, Math.Max(1, size.LogitRows), config.VocabularySize));
            int headSize = config.Heads * config.HeadDim;
            CudaFactors normed = Operand(config.HiddenSize), queries = Operand(headSize), attended = Operand(headSize), hidden = Operand(config.IntermediateSize);
            (Normed, Queries, Attended, Hidden) = (normed, queries, attended, hidden);
            MatMulShape Shape(MatMulKind kind, int outputs, int columns) => new(kind, outputs, columns);
            Reserve(normed, Shape(MatMulKind.Rope, config.QkvSize, config.HiddenSize));
            Reserve(normed, Shape(MatMulKind.SiluMul, 2 * config.IntermediateSize, config.HiddenSize));
            Reserve(normed, Shape(MatMulKind.Plain, config.VocabularySize, config.HiddenSize));
            Reserve(attended, Shape(MatMulKind.Plain, config.HiddenSize, headSize));
            Reserve(hidden, Shape(MatMulKind.Plain, config.HiddenSize, config.IntermediateSize));
            int positions = KvPool.PagesFor(size.Positions) * KvPool.PageSize;
            queries.Reserve(AttendKernels.WorkspaceFloats(AttendKernels.RowsOfLaunch(size.Rows, config.Heads, positions, config.HeadDim), config.Heads, positions, config.HeadDim), 0);
        }
        catch
        {
            Dispose();
            throw;
        }

        CudaFactors Operand(int columns) => _parts.Own(new CudaFactors(backend.Context, size.Rows, columns, backend.Element));

        void Reserve(CudaFactors x, MatMulShape shape) => x.Reserve(matMul.PartialsFor(shape, size.Rows), matMul.CountersFor(shape, size.Rows));
    }

    public override Activations Residual { get; }

    public override Activations Normed { get; }

    public override Activations Queries { get; }

    public override Activations Attended { get; }

    public override Activations Hidden { get; }

    public override Activations Logits { get; }

    public override void Dispose() => _parts.Dispose();
}
