using System.Numerics;
using System.Runtime.InteropServices;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>
/// Finds what a dependent launch does too early. Before its griddepcontrol.wait, none of the launches before it has to have ended, back to the last one
/// that is not dependent: each of them may have let the next one start before it waited itself. So it must not read what any of them wrote, and not
/// write at all, since they may still read.
/// </summary>
internal sealed unsafe class EarlyAccesses
{
    private readonly bool _isDependent;
    private readonly uint _number;
    private readonly LaunchChain _chain;
    private readonly int _earlier;

    public EarlyAccesses(Launch launch)
    {
        _number = ++launch.Memory.Launches;
        (_isDependent, _chain) = (launch.IsDependent, launch.Chain);
        _chain.Add(_number, _isDependent);
        _earlier = _chain.Count - 1;
    }

    public void Access(Warp w, Inst* i, uint lanes, Allocation* allocation, ulong address, uint length, bool isWrite)
    {
        ulong first = (address - allocation->Start) >> 2, last = (address - allocation->Start + length - 1) >> 2;
        uint early = lanes & ~w.WaitedForKernels;
        if (_isDependent && early != 0)
            Check(w, i, BitOperations.TrailingZeroCount(early), allocation, first, last, isWrite);
        if (!isWrite)
            return;
        if (allocation->Launches is null)
            allocation->Launches = (uint*)NativeMemory.AllocZeroed((nuint)((allocation->Bytes + 3) / 4), 4);
        new Span<uint>(allocation->Launches + first, (int)(last - first + 1)).Fill(_number);
    }

    private void Check(Warp w, Inst* i, int lane, Allocation* allocation, ulong first, ulong last, bool isWrite)
    {
        if (isWrite)
        {
            w.Executor.Report(FindingKind.EarlyAccess, w, i, lane, $"writes offset {first << 2} of allocation {allocation->Number} before griddepcontrol.wait, while earlier kernels may still use it");
            return;
        }
        for (ulong word = first; word <= last && allocation->Launches is not null; word++)
        {
            uint writer = allocation->Launches[word];
            if (_chain.Has(writer, _earlier))
            {
                w.Executor.Report(FindingKind.EarlyAccess, w, i, lane, $"reads offset {word << 2} of allocation {allocation->Number} before griddepcontrol.wait, while the kernel that writes it may still run");
                return;
            }
        }
    }
}
