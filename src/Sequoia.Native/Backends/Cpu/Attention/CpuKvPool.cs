using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// Per layer and KV head: keys [page][dimension][position in the page], so that sixteen scores accumulate in the lanes of one register
/// without a sum across lanes; values [page][position in the page][dimension], padded to whole vectors. fp32.
/// </summary>
internal sealed unsafe class CpuKvPool : KvPool
{
    private readonly AlignedBuffer<float> _keys;
    private readonly AlignedBuffer<float> _values;

    public CpuKvPool(LlamaConfig config, int pages) : base(pages)
    {
        Layers = config.Layers;
        KvHeads = config.KvHeads;
        HeadDim = config.HeadDim;
        ValueStride = (config.HeadDim + 15) / 16 * 16;
        long rows = (long)config.Layers * config.KvHeads * pages * PageSize;
        _keys = new AlignedBuffer<float>(rows * HeadDim);
        _values = new AlignedBuffer<float>(rows * ValueStride);
    }

    public int Layers { get; }

    public int KvHeads { get; }

    public int HeadDim { get; }

    public int ValueStride { get; }

    /// <summary>Keys of page 0; those of page i start i x <see cref="KvPool.PageSize"/> x <see cref="HeadDim"/> floats later.</summary>
    public float* Keys(int layer, int kvHead) => _keys.Pointer + (Plane(layer, kvHead) * Pages * PageSize * HeadDim);

    /// <summary>Values of page 0; those of page i start i x <see cref="KvPool.PageSize"/> x <see cref="ValueStride"/> floats later.</summary>
    public float* Values(int layer, int kvHead) => _values.Pointer + (Plane(layer, kvHead) * Pages * PageSize * ValueStride);

    /// <summary>Dimension 0 of a sequence's key; the next dimensions follow <see cref="KvPool.PageSize"/> floats apart.</summary>
    public float* Key(float* plane, int* pages, int row) => plane + ((long)pages[row / PageSize] * PageSize * HeadDim) + (row % PageSize);

    /// <summary>A sequence's value.</summary>
    public float* Value(float* plane, int* pages, int row) => plane + ((((long)pages[row / PageSize] * PageSize) + (row % PageSize)) * ValueStride);

    /// <summary>
    /// Moves row committed + path[i] of a sequence to row committed + i. Safe in ascending order: path[i] >= i, and only rows before committed + i
    /// have been written when row committed + path[i] is read.
    /// </summary>
    public void Compact(KvPages pages, int committed, ReadOnlySpan<int> path)
    {
        int kept = 0;
        while (kept < path.Length && path[kept] == kept)
            kept++;
        if (kept == path.Length)
            return;
        int* table = pages.Table;
        for (int layer = 0; layer < Layers; layer++)
        {
            for (int head = 0; head < KvHeads; head++)
            {
                float* keys = Keys(layer, head), values = Values(layer, head);
                for (int i = kept; i < path.Length; i++)
                {
                    float* source = Key(keys, table, committed + path[i]), destination = Key(keys, table, committed + i);
                    for (int d = 0; d < HeadDim; d++)
                        destination[d * PageSize] = source[d * PageSize];
                    new ReadOnlySpan<float>(Value(values, table, committed + path[i]), ValueStride).CopyTo(new Span<float>(Value(values, table, committed + i), ValueStride));
                }
            }
        }
    }

    /// <summary>The memory is zero from the beginning.</summary>
    public override void Fill(WorkQueue queue)
    {
    }

    public override void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }

    private long Plane(int layer, int kvHead) => ((long)layer * KvHeads) + kvHead;
}
