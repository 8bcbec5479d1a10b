using System.Runtime.CompilerServices;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>What the CUDA backend allocates on a device, in bytes, from shapes alone.</summary>
internal static class CudaMemory
{
    // Small tables of passes and sequences, each in a block of the driver's own.
    private const long Tables = 256 << 10;

    /// <summary>The matrices of a pass, as they are stored, in the order of use and of loading. A tied output projection is the embedding, which is not among them.</summary>
    public static IReadOnlyList<MatMulShape> Matrices(LlamaTensors tensors)
    {
        var shapes = new List<MatMulShape>();
        foreach (LlamaLayerTensors layer in tensors.Layers)
        {
            shapes.Add(new MatMulShape(MatMulKind.Rope, layer.Q.Rows + layer.K.Rows + layer.V.Rows, layer.Q.Columns));
            shapes.Add(new MatMulShape(MatMulKind.Plain, layer.O.Rows, layer.O.Columns));
            shapes.Add(new MatMulShape(MatMulKind.SiluMul, layer.Gate.Rows + layer.Up.Rows, layer.Gate.Columns));
            shapes.Add(new MatMulShape(MatMulKind.Plain, layer.Down.Rows, layer.Down.Columns));
        }
        if (tensors.Head != tensors.Embedding)
            shapes.Add(new MatMulShape(MatMulKind.Plain, tensors.Head.Rows, tensors.Head.Columns));
        return shapes;
    }

    public static long BytesOf(MatMulShape shape) => WeightBlocks.Of(shape.StoredRows, shape.Columns) * sizeof(ushort);

    /// <summary>Weights that are always on the device: embedding and norms.</summary>
    public static long Fixed(LlamaTensors tensors) => BytesOf(new MatMulShape(MatMulKind.Plain, tensors.Embedding.Rows, tensors.Embedding.Columns))
        + (((2L * tensors.Layers.Length) + 1) * tensors.FinalNorm.Columns * sizeof(float));

    /// <summary>All weights of a model.</summary>
    public static long Weights(LlamaTensors tensors) => Fixed(tensors) + Matrices(tensors).Sum(BytesOf);

    /// <summary>Caches, activations and logits of a decoder.</summary>
    /// <param name="matMul">The products, which need room.</param>
    /// <param name="target">The target's shape.</param>
    /// <param name="draft">The draft's shape; null without one.</param>
    /// <param name="sizes">The decoder's sizes.</param>
    public static MemoryNeeds OfDecoder(MatMulKernels matMul, LlamaConfig target, LlamaConfig? draft, DecoderSizes sizes)
    {
        long caches = Pool(target, sizes.TargetPages), tree = Workspace(matMul, target, sizes.Target) + OfTrees(sizes);
        if (draft is not null && sizes.Draft is { } size)
        {
            caches += Pool(draft, sizes.DraftPages);
            tree += Workspace(matMul, draft, size);
        }
        return new MemoryNeeds(0, 0, 0, caches, tree);
    }

    private static long Pool(LlamaConfig config, int pages) => 2L * config.Layers * config.KvHeads * pages * KvPool.PageSize * config.HeadDim * sizeof(ushort);

    /// <summary>See <see cref="CudaWorkspace"/>, and the table of rotations.</summary>
    private static long Workspace(MatMulKernels matMul, LlamaConfig config, WorkspaceSize size)
    {
        int heads = config.Heads * config.HeadDim, hidden = config.HiddenSize, inner = config.IntermediateSize, logits = Math.Max(1, size.LogitRows);
        int positions = KvPool.PagesFor(size.Positions) * KvPool.PageSize;
        return Floats(size.Rows, hidden) + Floats(logits, config.VocabularySize) + ((long)size.Positions * config.HeadDim * sizeof(float))
            + (2 * size.Rows * CudaNormed.PartsOf(hidden) * sizeof(float))
            + Operands(hidden, new(MatMulKind.Rope, config.QkvSize, hidden), new(MatMulKind.Plain, config.VocabularySize, hidden))
            + Operands(hidden, new MatMulShape(MatMulKind.SiluMul, 2 * inner, hidden))
            + Operands(heads, new MatMulShape(MatMulKind.Add, hidden, heads))
            + Operands(inner, new MatMulShape(MatMulKind.Add, hidden, inner))
            + (2L * size.Rows * (heads + 8)) + (AttendKernels.WorkspaceForAll(size.Rows, config.Heads, positions, config.HeadDim) * sizeof(float))
            + (size.Rows * config.KvHeads * sizeof(int))
            + (DrawWorkspace.Words(logits, DrawWorkspace.PartsFor(config.VocabularySize), size.Children) * sizeof(int));

        long Operands(int columns, params ReadOnlySpan<MatMulShape> products)
        {
            long partials = 0;
            int counters = 0;
            foreach (MatMulShape product in products)
                (partials, counters) = (Math.Max(partials, matMul.PartialsFor(product, size.Rows)), Math.Max(counters, matMul.CountersFor(product, size.Rows)));
            return ((long)MatMulGrid.RowsInTiles(size.Rows) * OperandBlocks.Padded(columns) * sizeof(ushort)) + ((partials + counters) * sizeof(float));
        }
    }

    private static long Floats(int rows, int columns) => (long)rows * CudaActivations.StrideOf(columns) * sizeof(float);

    /// <summary>Passes and sequences: rows, tiles, trees and paths.</summary>
    private static long OfTrees(DecoderSizes sizes)
    {
        long perRow = (4 * Unsafe.SizeOf<DeviceRow>()) + Unsafe.SizeOf<RowScale>(), perPart = Unsafe.SizeOf<DevicePart>() + Unsafe.SizeOf<DeviceSequence>();
        return Tables + ((sizes.PrefillRows + sizes.Nodes) * 2 * perRow) + ((long)sizes.Nodes * sizes.Levels * sizeof(int))
            + (2L * sizes.Sequences * (sizes.Sequences + sizes.Levels) * perPart) + ((sizes.TargetPages + sizes.DraftPages) * sizeof(int));
    }
}
