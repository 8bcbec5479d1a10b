using System.Numerics;
using System.Runtime.InteropServices;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Lower;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Profile;

/// <summary>The raw counts of one launch: executions and lanes by basic block, memory traffic by instruction.</summary>
internal sealed unsafe class Counters(Program program)
{
    private readonly long[] _executions = new long[program.Cfg.Blocks.Count];
    private readonly long[] _lanes = new long[program.Cfg.Blocks.Count];
    private readonly Traffic[] _traffic = new Traffic[program.Body.Instructions.Count];
    private readonly HashSet<nint> _touched = [];

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
        for (int run = 0; run < pattern->Runs; run++)
            Touch(allocation, start + (ulong)pattern->RunStart[run], pattern->RunLength[run]);
    }

    public void GlobalLane(Inst* i, ulong address, int size, Access access, Allocation* allocation)
    {
        ref Traffic traffic = ref _traffic[i->Source];
        traffic.Requests++;
        traffic.Sectors += (long)(((address + (ulong)size - 1) >> 5) - (address >> 5)) + 1;
        traffic.RequestedBytes += size;
        Touch(allocation, address, (uint)size);
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

    /// <summary>Bytes of shared memory that an asynchronous instruction moves without bank conflicts.</summary>
    public void SharedBytes(Inst* i, int bytes)
    {
        const int Wavefront = 128;
        ref Traffic traffic = ref _traffic[i->Source];
        int wavefronts = (bytes + Wavefront - 1) / Wavefront;
        traffic.SharedRequests++;
        traffic.Wavefronts += wavefronts;
        traffic.IdealWavefronts += wavefronts;
    }

    public KernelProfile Summarize(Launch launch)
    {
        long distinct = 0;
        foreach (nint pointer in _touched)
        {
            Allocation* allocation = (Allocation*)pointer;
            int words = (int)((allocation->Bytes + 3) / 4);
            distinct += 4L * new Span<byte>(allocation->Touched, words).Count((byte)1);
            NativeMemory.Free(allocation->Touched);
            allocation->Touched = null;
        }

        _touched.Clear();
        return ProfileBuilder.Build(program, launch, _executions, _lanes, _traffic, distinct);
    }

    private void Touch(Allocation* allocation, ulong address, uint length)
    {
        if (allocation->Touched is null)
        {
            allocation->Touched = (byte*)NativeMemory.AllocZeroed((nuint)((allocation->Bytes + 3) / 4));
            _touched.Add((nint)allocation);
        }

        ulong offset = address - allocation->Start;
        ulong first = offset >> 2, last = (offset + length - 1) >> 2;
        new Span<byte>(allocation->Touched + first, (int)(last - first) + 1).Fill(1);
    }
}

/// <summary>The memory traffic of one instruction.</summary>
internal struct Traffic
{
    public long Requests;
    public long Sectors;
    public long RequestedBytes;
    public long SharedRequests;
    public long Wavefronts;
    public long IdealWavefronts;
}
