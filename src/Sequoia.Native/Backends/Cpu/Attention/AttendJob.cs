using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>Attention, the heads of one KV head of one row at a time.</summary>
internal sealed unsafe class AttendJob(CpuKernels kernels) : ParallelJob, IDisposable
{
    private CpuActivations? _queries, _output;
    private CpuKvPool? _pool;
    private Pass? _pass;
    private int _layer, _group;
    private AlignedBuffer<float> _scratch = new(0);
    private int _scratchStride;

    /// <summary>Sets the operands and returns the number of items.</summary>
    public int Set(CpuActivations queries, CpuKvPool pool, int layer, Pass pass, CpuActivations output, int positions, int threads)
    {
        (_queries, _pool, _layer, _pass, _output) = (queries, pool, layer, pass, output);
        _group = output.Columns / pool.HeadDim / pool.KvHeads;
        int needed = kernels.AttentionScratch(pool, positions);
        if (needed > _scratchStride)
        {
            _scratch.Dispose();
            _scratch = new AlignedBuffer<float>((long)needed * threads);
            _scratchStride = needed;
        }
        return pass.Count * pool.KvHeads;
    }

    public void Dispose() => _scratch.Dispose();

    public override void Execute(int item, int worker)
    {
        int row = item / _pool!.KvHeads, kvHead = item % _pool.KvHeads, offset = kvHead * _group * _pool.HeadDim;
        PassRow at = _pass!.Rows[row];
        kernels.Attend(
            _queries!.Row(row) + offset, _group, _pool, at.Sequence.Pages(_pass.Role).Table, _layer, kvHead, at.Prefix, at.Path,
            _output!.Row(row) + offset, _scratch.Pointer + ((long)worker * _scratchStride));
    }
}
