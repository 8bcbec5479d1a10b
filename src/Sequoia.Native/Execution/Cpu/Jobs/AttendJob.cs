using Sequoia.Native.Numerics;

namespace Sequoia.Native.Execution.Cpu.Jobs;

/// <summary>Attention, one query head of one row at a time.</summary>
internal sealed unsafe class AttendJob(CpuKernels kernels) : ParallelJob, IDisposable
{
    private CpuActivations? _qkv, _output;
    private CpuKvCache? _cache;
    private TreeRows? _rows;
    private int _layer, _heads, _group;
    private AlignedBuffer<float> _scratch = new(0);
    private int _scratchStride;

    /// <summary>Sets the operands and returns the number of items.</summary>
    public int Set(CpuActivations qkv, CpuKvCache cache, int layer, TreeRows rows, CpuActivations output, int threads)
    {
        (_qkv, _cache, _layer, _rows, _output) = (qkv, cache, layer, rows, output);
        _heads = output.Columns / cache.HeadDim;
        _group = _heads / cache.KvHeads;
        // The head, then a score for every row of the cache, in whole blocks.
        int needed = cache.ValueStride + ((cache.Capacity + CpuKvCache.BlockSize) / CpuKvCache.BlockSize * CpuKvCache.BlockSize);
        if (needed > _scratchStride)
        {
            _scratch.Dispose();
            _scratch = new AlignedBuffer<float>((long)needed * threads);
            _scratchStride = needed;
        }
        return rows.Count * _heads;
    }

    public void Dispose() => _scratch.Dispose();

    public override void Execute(int item, int worker)
    {
        int row = item / _heads, head = item % _heads, offset = head * _cache!.HeadDim;
        kernels.Attend(
            _qkv!.Row(row) + offset, _cache, _layer, head / _group, _rows!.Prefix, _rows.Tree.Path(_rows.Nodes[row]),
            _output!.Row(row) + offset, _scratch.Pointer + ((long)worker * _scratchStride));
    }
}
