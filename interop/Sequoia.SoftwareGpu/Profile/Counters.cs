using System.Numerics;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Lower;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Profile;

/// <summary>Raw counts of one launch: executions and lanes by block of code, memory traffic by instruction.</summary>
internal sealed unsafe class Counters(Program program)
{
    private readonly long[] _executions = new long[program.Cfg.Blocks.Count];
    private readonly long[] _lanes = new long[program.Cfg.Blocks.Count];
    private readonly Traffic[] _traffic = new Traffic[program.Body.Instructions.Count];

    public void Clear()
    {
        Array.Clear(_executions);
        Array.Clear(_lanes);
        Array.Clear(_traffic);
    }

    public void Block(int block, uint mask)
    {
        _executions[block]++;
        _lanes[block] += BitOperations.PopCount(mask);
    }

    public void Global(Inst* i, Pattern* pattern, ulong start, Access access, Allocation* allocation)
    {
        if (!pattern->HasRuns)
            pattern->FindRuns();
        ref Traffic traffic = ref _traffic[i->Source];
        traffic.Requests++;
        traffic.Sectors += pattern->SectorsAt((int)(start & 31));
        traffic.RequestedBytes += BitOperations.PopCount(pattern->Mask) * pattern->Size;
        traffic.DistinctBytes += pattern->DistinctBytes;
    }

    public void GlobalLane(Inst* i, ulong address, int size, Access access, Allocation* allocation)
    {
        ref Traffic traffic = ref _traffic[i->Source];
        traffic.Requests++;
        traffic.Sectors += (long)(((address + (ulong)size - 1) >> 5) - (address >> 5)) + 1;
        traffic.RequestedBytes += size;
        traffic.DistinctBytes += size;
    }

    public void Shared(Inst* i, Pattern* pattern, Access access)
    {
        if (!pattern->HasRuns)
            pattern->FindRuns();
        ref Traffic traffic = ref _traffic[i->Source];
        traffic.SharedRequests++;
        traffic.Wavefronts += pattern->Wavefronts;
        traffic.IdealWavefronts += pattern->IdealWavefronts;
    }

    public KernelProfile Summarize(Launch launch) => ProfileBuilder.Build(program, launch, _executions, _lanes, _traffic);
}

/// <summary>The memory traffic of one instruction.</summary>
internal struct Traffic
{
    public long Requests;
    public long Sectors;
    public long RequestedBytes;
    public long DistinctBytes;
    public long SharedRequests;
    public long Wavefronts;
    public long IdealWavefronts;
}
