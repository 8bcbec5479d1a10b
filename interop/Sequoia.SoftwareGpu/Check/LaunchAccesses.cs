using System.Runtime.CompilerServices;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>
/// The global memory that one launch accesses. Reads, writes and atomics are apart: atomics of two kernels do not race. During the launch these are
/// marks beside the allocations; afterwards, ranges.
/// </summary>
internal sealed unsafe class LaunchAccesses
{
    private readonly List<nint> _allocations = [];

    public ByteRange[] Reads { get; private set; } = [];

    public ByteRange[] Writes { get; private set; } = [];

    public ByteRange[] Atomics { get; private set; } = [];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Allocation* allocation, ulong address, uint length, Access access)
    {
        if (!allocation->IsTouched)
        {
            allocation->IsTouched = true;
            _allocations.Add((nint)allocation);
        }

        ulong offset = address - allocation->Start, size = allocation->Bytes;
        if (access == Access.Read)
            allocation->Reads.Mark(offset, length, size);
        else if (access == Access.Write)
            allocation->Writes.Mark(offset, length, size);
        else
            allocation->Atomics.Mark(offset, length, size);
    }

    /// <summary>Turns the marks into ranges.</summary>
    public void End()
    {
        List<ByteRange> reads = [], writes = [], atomics = [];
        _allocations.Sort((a, b) => ((Allocation*)a)->Start.CompareTo(((Allocation*)b)->Start));
        foreach (nint pointer in _allocations)
        {
            Allocation* allocation = (Allocation*)pointer;
            allocation->Reads.Drain(allocation->Start, reads);
            allocation->Writes.Drain(allocation->Start, writes);
            allocation->Atomics.Drain(allocation->Start, atomics);
            allocation->IsTouched = false;
        }

        _allocations.Clear();
        (Reads, Writes, Atomics) = ([.. reads], [.. writes], [.. atomics]);
    }
}
