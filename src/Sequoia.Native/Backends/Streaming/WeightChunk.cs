using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Streaming;

/// <summary>Whole rows of one tensor: what is read, used and given up at a time.</summary>
/// <param name="Tensor">The tensor.</param>
/// <param name="FirstRow">The first of its rows.</param>
/// <param name="Rows">The number of rows.</param>
internal readonly record struct WeightChunk(TensorView Tensor, int FirstRow, int Rows)
{
    public long Bytes => Rows * Tensor.RowBytes;

    /// <summary>The offset of the first whole block to read. Shapes without a file count as if they began a block.</summary>
    public long ReadOffset => Offset / DirectFile.Block * DirectFile.Block;

    /// <summary>The bytes between the first block's start and the first row.</summary>
    public int Skew => (int)(Offset % DirectFile.Block);

    /// <summary>The bytes of memory that the chunk takes: whole blocks.</summary>
    public long ReadBytes => (Skew + Bytes + DirectFile.Block - 1) / DirectFile.Block * DirectFile.Block;

    private long Offset => (Tensor.Place?.Offset ?? 0) + (FirstRow * Tensor.RowBytes);
}

/// <summary>All matrices of a pass, cut into chunks, in the order in which a pass uses them. The embedding is not among them: a pass needs few of its rows.</summary>
internal sealed class WeightChunks
{
    /// <summary>Bytes of a chunk at most, unless a single row has more: reads of this size reach the disk's full rate.</summary>
    public const int DefaultBytes = 4 << 20;

    private readonly Dictionary<string, (int First, int End)> _ofTensor = new(StringComparer.Ordinal);
    private readonly List<WeightChunk> _all = [];

    /// <param name="tensors">The model's tensors; their addresses are not used.</param>
    /// <param name="mostBytes">Bytes of a chunk at most.</param>
    /// <param name="fits">Whether a tensor can be cut; the others are no chunks.</param>
    public WeightChunks(LlamaTensors tensors, int mostBytes, Func<TensorView, bool> fits)
    {
        foreach (LlamaLayerTensors layer in tensors.Layers)
        {
            foreach (TensorView tensor in (ReadOnlySpan<TensorView>)[layer.Q, layer.K, layer.V, layer.O, layer.Gate, layer.Up, layer.Down])
                Cut(tensor);
        }
        HeadStart = _all.Count;
        Cut(tensors.Head);

        void Cut(TensorView tensor)
        {
            if (!fits(tensor))
                return;
            // Whole tiles of every kernel.
            int rows = (int)Math.Clamp(mostBytes / tensor.RowBytes / 4 * 4, 4, Math.Max(4, tensor.Rows)), first = _all.Count;
            for (int row = 0; row < tensor.Rows; row += rows)
                _all.Add(new WeightChunk(tensor, row, Math.Min(rows, tensor.Rows - row)));
            _ofTensor[tensor.Name] = (first, _all.Count);
        }
    }

    public IReadOnlyList<WeightChunk> All => _all;

    /// <summary>The index of the first chunk of the output projection, which a pass without logits does not use.</summary>
    public int HeadStart { get; }

    /// <summary>The bytes of memory of all chunks.</summary>
    public long Bytes => _all.Sum(chunk => chunk.ReadBytes);

    /// <summary>The order in which they become resident.</summary>
    public ChunkOrder Order() => new([.. _all.Select(chunk => chunk.ReadBytes)]);

    /// <summary>The chunks of a tensor; none if it was not cut.</summary>
    public (int First, int End) Of(TensorView tensor) => _ofTensor.GetValueOrDefault(tensor.Name);
}
