using Sequoia.Native.Numerics;

namespace Sequoia.Native.Execution.Cpu.Jobs;

/// <summary>Attention, the heads of one KV head of one row at a time.</summary>
internal sealed unsafe class AttendJob(CpuKernels kernels) : ParallelJob, IDisposable
{
    private CpuActivations? _queries, _output;
    private CpuKvCache? _cache;
    private TreeRows? _rows;
    private int _layer, _group;
    private AlignedBuffer<float> _scratch = new(0);
    private int _scratchStride;

    /// <summary>Sets the operands and returns the number of items.</summary>
    public int Set(CpuActivations queries, CpuKvCache cache, int layer, TreeRows rows, CpuActivations output, int threads)
    {
        (_queries, _cache, _layer, _rows, _output) = (queries, cache, layer, rows, output);
        _group = output.Columns / cache.HeadDim / cache.KvHeads;
        int needed = kernels.AttentionScratch(cache);
        if (needed > _scratchStride)
        {
            _scratch.Dispose();
            _scratch = new AlignedBuffer<float>((long)needed * threads);
            _scratchStride = needed;
        }
        return rows.Count * cache.KvHeads;
    }

    public void Dispose() => _scratch.Dispose();

    public override void Execute(int item, int worker)
    {
        int row = item / _cache!.KvHeads, kvHead = item % _cache.KvHeads, offset = kvHead * _group * _cache.HeadDim;
        kernels.Attend(
            _queries!.Row(row) + offset, _group, _cache, _layer, kvHead, _rows!.Prefix, _rows.Tree.Path(_rows.Nodes[row]),
            _output!.Row(row) + offset, _scratch.Pointer + ((long)worker * _scratchStride));
    }
}
