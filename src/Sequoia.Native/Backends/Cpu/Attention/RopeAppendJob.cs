using System.Runtime.CompilerServices;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>Rotates a row's queries and keys, and stores its keys and values in the pool.</summary>
internal sealed unsafe class RopeAppendJob(CpuKernels kernels) : ParallelJob
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(int item, int worker)
    {
        CpuKvPool pool = _pool!;
        PassRow row = _pass!.Rows[item];
        int* pages = row.Sequence.Pages(_pass.Role).Table;
        int slot = row.CacheRow, headDim = pool.HeadDim, pairs = headDim / 2, angle = row.Position * pairs;
        float* queries = _qkv!.Row(item), keys = queries + (_heads * headDim), values = keys + (_kvHeads * headDim);
        fixed (float* cos = &_rope!.Cos[angle], sin = &_rope.Sin[angle])
        {
            kernels.Rotate(queries, _heads, pairs, cos, sin, _queries!.Row(item));
            kernels.Rotate(keys, _kvHeads, pairs, cos, sin, keys);
        }
        for (int h = 0; h < _kvHeads; h++, keys += headDim, values += headDim)
        {
            float* key = pool.Key(pool.Keys(_layer, h), pages, slot);
            for (int d = 0; d < headDim; d++)
                key[d * KvPool.PageSize] = keys[d];
            new ReadOnlySpan<float>(values, headDim).CopyTo(new Span<float>(pool.Value(pool.Values(_layer, h), pages, slot), headDim));
        }
    }
}
