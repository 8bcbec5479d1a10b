using System.Runtime.CompilerServices;

namespace Sequoia.Native.Execution.Cpu.Jobs;

/// <summary>
/// Rotates a row's queries, and its keys on their way into the cache (dimensions d and d + D/2 form a pair), and stores
/// its values. The cache row is Prefix + node, the angle's position Prefix + depth.
/// </summary>
internal sealed unsafe class RopeAppendJob : ParallelJob
{
    private CpuActivations? _qkv, _queries;
    private CpuRopeTable? _rope;
    private CpuKvCache? _cache;
    private TreeRows? _rows;
    private int _layer, _heads, _kvHeads;

    public void Set(CpuActivations qkv, CpuRopeTable rope, CpuKvCache cache, int layer, TreeRows rows, CpuActivations queries)
    {
        (_qkv, _rope, _cache, _layer, _rows, _queries) = (qkv, rope, cache, layer, rows, queries);
        _kvHeads = cache.KvHeads;
        _heads = (qkv.Columns / cache.HeadDim) - (2 * _kvHeads);
    }

    public override void Execute(int item, int worker)
    {
        CpuKvCache cache = _cache!;
        int node = _rows!.Nodes[item], slot = _rows.Prefix + node, position = _rows.Prefix + _rows.Tree.Depth(node);
        int headDim = cache.HeadDim, pairs = headDim / 2;
        ReadOnlySpan<float> cos = _rope!.Cos.AsSpan(position * pairs, pairs), sin = _rope.Sin.AsSpan(position * pairs, pairs);
        float* head = _qkv!.Row(item), query = _queries!.Row(item);
        for (int h = 0; h < _heads; h++, head += headDim, query += headDim)
            Rotate(head, cos, sin, query, 1);
        for (int h = 0; h < _kvHeads; h++, head += headDim)
            Rotate(head, cos, sin, cache.Key(cache.Keys(_layer, h), slot), CpuKvCache.BlockSize);
        for (int h = 0; h < _kvHeads; h++, head += headDim)
            new ReadOnlySpan<float>(head, headDim).CopyTo(new Span<float>(cache.Values(_layer, h) + ((long)slot * cache.ValueStride), headDim));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rotate(float* source, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, float* destination, int stride)
    {
        int pairs = cos.Length;
        for (int i = 0; i < pairs; i++)
        {
            float a = source[i], b = source[i + pairs];
            destination[i * stride] = MathF.FusedMultiplyAdd(a, cos[i], -(b * sin[i]));
            destination[(i + pairs) * stride] = MathF.FusedMultiplyAdd(b, cos[i], a * sin[i]);
        }
    }
}
