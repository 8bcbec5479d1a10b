using System.Runtime.CompilerServices;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// Rotates a row's queries, and its keys on their way into the cache (dimensions d and d + D/2 form a pair), and stores
/// its values.
/// </summary>
internal sealed unsafe class RopeAppendJob : ParallelJob
{
    private CpuActivations? _qkv, _queries;
    private CpuRopeTable? _rope;
    private CpuKvPool? _pool;
    private Pass? _pass;
    private int _layer, _heads, _kvHeads;

    public void Set(CpuActivations qkv, CpuRopeTable rope, CpuKvPool pool, int layer, Pass pass, CpuActivations queries)
    {
        (_qkv, _rope, _pool, _layer, _pass, _queries) = (qkv, rope, pool, layer, pass, queries);
        _kvHeads = pool.KvHeads;
        _heads = (qkv.Columns / pool.HeadDim) - (2 * _kvHeads);
    }

    public override void Execute(int item, int worker)
    {
        CpuKvPool pool = _pool!;
        PassRow row = _pass!.Rows[item];
        int* pages = row.Sequence.Pages(_pass.Role).Table;
        int slot = row.CacheRow, position = row.Position, headDim = pool.HeadDim, pairs = headDim / 2;
        ReadOnlySpan<float> cos = _rope!.Cos.AsSpan(position * pairs, pairs), sin = _rope.Sin.AsSpan(position * pairs, pairs);
        float* head = _qkv!.Row(item), query = _queries!.Row(item);
        for (int h = 0; h < _heads; h++, head += headDim, query += headDim)
            Rotate(head, cos, sin, query, 1);
        for (int h = 0; h < _kvHeads; h++, head += headDim)
            Rotate(head, cos, sin, pool.Key(pool.Keys(_layer, h), pages, slot), KvPool.PageSize);
        for (int h = 0; h < _kvHeads; h++, head += headDim)
            new ReadOnlySpan<float>(head, headDim).CopyTo(new Span<float>(pool.Value(pool.Values(_layer, h), pages, slot), headDim));
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
