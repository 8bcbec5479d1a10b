using Sequoia.Interop;
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
            var inputNormed = new CudaNormed(backend.Context, size.Rows, config.HiddenSize, RoomFor(
                new(MatMulKind.Rope, config.QkvSize, config.HiddenSize), new(MatMulKind.Plain, config.VocabularySize, config.HiddenSize)));
            InputNormed = _parts.Own(inputNormed);
            var postAttentionNormed = new CudaNormed(
                backend.Context, size.Rows, config.HiddenSize, RoomFor(new MatMulShape(MatMulKind.SiluMul, 2 * config.IntermediateSize, config.HiddenSize)));
            PostAttentionNormed = _parts.Own(postAttentionNormed);
            inputNormed.Alternate(postAttentionNormed);
            Queries = _parts.Own(new CudaQueries(backend.Context, size.Rows, headSize, new SumRoom(
                AttendKernels.WorkspaceForAll(size.Rows, config.Heads, positions, config.HeadDim), size.Rows * config.KvHeads)));
            Attended = _parts.Own(new CudaOperands(backend.Context, size.Rows, headSize, RoomFor(new MatMulShape(MatMulKind.Add, config.HiddenSize, headSize))));
            Hidden = _parts.Own(new CudaOperands(
                backend.Context, size.Rows, config.IntermediateSize, RoomFor(new MatMulShape(MatMulKind.Add, config.HiddenSize, config.IntermediateSize))));
            int rows = Math.Max(1, size.LogitRows), parts = DrawWorkspace.PartsFor(config.VocabularySize);
            DeviceParts drawing = _parts.Own(new DeviceParts(backend.Context, $"room for drawing from {rows} rows"));
            DeviceBuffer<int> words = drawing.Allocate<int>(DrawWorkspace.Words(rows, parts, size.Children));
            words.CopyFrom(new int[rows], words.Length - rows);
            Drawing = new DrawWorkspace(words.Handle, rows, parts, size.Children);
        }
        catch
        {
            Dispose();
            throw;
        }

        // For the largest of the products.
        SumRoom RoomFor(params ReadOnlySpan<MatMulShape> products)
        {
            SumRoom room = default;
            foreach (MatMulShape product in products)
                room = new(Math.Max(room.Partials, matMul.PartialsFor(product, size.Rows)), Math.Max(room.Counters, matMul.CountersFor(product, size.Rows)));
            return room;
        }
    }

    public override Accumulators Residual { get; }

    public override Activations InputNormed { get; }

    public override Activations PostAttentionNormed { get; }

    public override Activations Queries { get; }

    public override Activations Attended { get; }

    public override Activations Hidden { get; }

    public override Accumulators Logits { get; }

    public DrawWorkspace Drawing { get; }

    public override void Dispose() => _parts.Dispose();
}
