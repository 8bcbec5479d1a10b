using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>
/// Per layer and KV head: keys in blocks of sixteen positions, [position / 16][dimension][position % 16], so that sixteen scores
/// grow side by side in the lanes of one register and none needs a sum across lanes; values [position][dimension], padded to
/// whole vectors.
/// </summary>
internal sealed unsafe class CpuKvCache : KvCache
{
    public const int BlockSize = 16;

    private readonly AlignedBuffer<float> _keys;
    private readonly AlignedBuffer<float> _values;
    private readonly int _paddedCapacity;

    public CpuKvCache(LlamaConfig config, int capacity) : base(capacity)
    {
        Layers = config.Layers;
        KvHeads = config.KvHeads;
        HeadDim = config.HeadDim;
        ValueStride = (config.HeadDim + 15) / 16 * 16;
        _paddedCapacity = (capacity + BlockSize - 1) / BlockSize * BlockSize;
        long planes = (long)config.Layers * config.KvHeads;
        _keys = new AlignedBuffer<float>(planes * _paddedCapacity * HeadDim);
        _values = new AlignedBuffer<float>(planes * _paddedCapacity * ValueStride);
    }

    public int Layers { get; }

    public int KvHeads { get; }

    public int HeadDim { get; }

    public int ValueStride { get; }

    public float* Keys(int layer, int kvHead) => _keys.Pointer + (Plane(layer, kvHead) * _paddedCapacity * HeadDim);

    public float* Values(int layer, int kvHead) => _values.Pointer + (Plane(layer, kvHead) * _paddedCapacity * ValueStride);

    /// <summary>Dimension 0 of a position's key; the next dimensions follow <see cref="BlockSize"/> floats apart.</summary>
    public float* Key(float* plane, int position) => plane + ((long)(position / BlockSize) * BlockSize * HeadDim) + (position % BlockSize);

    /// <summary>
    /// Row Length + path[i] goes to row Length + i. Safe in ascending order: path[i] >= i, and only rows before Length + i have
    /// been written when row Length + path[i] is read.
    /// </summary>
    public void Compact(ReadOnlySpan<int> path)
    {
        int kept = 0;
        while (kept < path.Length && path[kept] == kept)
            kept++;
        if (kept == path.Length)
            return;
        for (int layer = 0; layer < Layers; layer++)
        {
            for (int head = 0; head < KvHeads; head++)
            {
                float* keys = Keys(layer, head), values = Values(layer, head);
                for (int i = kept; i < path.Length; i++)
                    Move(keys, values, Length + path[i], Length + i);
            }
        }
    }

    public override void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }

    private void Move(float* keys, float* values, int from, int to)
    {
        float* source = Key(keys, from), destination = Key(keys, to);
        for (int d = 0; d < HeadDim; d++)
            destination[d * BlockSize] = source[d * BlockSize];
        new ReadOnlySpan<float>(values + ((long)from * ValueStride), ValueStride).CopyTo(new Span<float>(values + ((long)to * ValueStride), ValueStride));
    }

    private long Plane(int layer, int kvHead) => ((long)layer * KvHeads) + kvHead;
}
