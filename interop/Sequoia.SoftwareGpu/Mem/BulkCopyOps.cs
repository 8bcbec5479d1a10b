using System.Numerics;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>The handlers of cp.async.bulk.</summary>
internal static unsafe class BulkCopyOps
{
    private const int Alignment = 16;

    /// <summary>
    /// From global to shared memory. A is the shared address, B the global one, C the size, Extra the address of the mbarrier. The offset of B is
    /// above that of A in the immediate; the offset of the mbarrier is in E.
    /// </summary>
    public static void Issue<TWidth, TMode>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
        where TMode : struct, IMode
    {
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest), size = Size(w, i, lane), offset = (int)i->Immediate;
            ulong to = TWidth.IsWide
                ? ((ulong*)(w.Registers + i->A))[lane] + (ulong)offset
                : (uint)(((uint*)(w.Registers + i->A))[lane] + offset);
            if (size == 0)
                continue;
            if (to > w.SharedBytes || (ulong)size > w.SharedBytes - to)
                throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, lane, $"copies {size} bytes to offset {(long)to}, outside the block's {w.SharedBytes} bytes of shared memory");
            if (to % Alignment != 0)
                throw w.Executor.Fault(DeviceFaultKind.MisalignedAddress, w, i, lane, $"copies to shared offset {to}, which is not a multiple of {Alignment}");
            MBarrier barrier = MBarrierOps.Find(w, i, lane, MBarrierOps.Offset<TWidth>(w, i, i->Extra[0], i->E, lane));
            if (TMode.Checks && !barrier.IsFenced && !w.Block.Races!.KnowsFence(w, barrier.Initializer, barrier.InitializedAt))
                w.Executor.Report(FindingKind.MissingFence, w, i, lane, $"uses the mbarrier at shared offset {barrier.Offset}, whose initialisation no fence.mbarrier_init or fence.proxy.async follows");
            if (barrier.Bytes - size < -MBarrier.Most)
                throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, lane, $"brings {size} bytes more to an mbarrier that lacks {barrier.Bytes}; {MBarrier.Most} are the most");
            byte* from = Source<TMode>(w, i, lane, size);
            if (TMode.Counts)
                w.Executor.Counters.SharedBytes(i, size);
            w.Block.Copies.Add(w, i, lane, from, to, size, barrier);
        }
    }

    /// <summary>From global memory to the L2 cache: B is the address, C the size. It is checked, and not counted: nothing comes to the block.</summary>
    public static void Prefetch(Warp w, Inst* i, uint m)
    {
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            int size = Size(w, i, lane);
            if (size > 0)
                _ = Source<Bare>(w, i, lane, size);
        }
    }

    private static int Size(Warp w, Inst* i, int lane)
    {
        uint size = ((uint*)(w.Registers + i->C))[lane];
        return size % Alignment == 0 && size <= int.MaxValue
            ? (int)size
            : throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, lane, $"copies {size} bytes, which is not a multiple of {Alignment}");
    }

    private static byte* Source<TMode>(Warp w, Inst* i, int lane, int size)
        where TMode : struct, IMode
    {
        ulong address = ((ulong*)(w.Registers + i->B))[lane] + (ulong)(i->Immediate >> 32);
        return address % Alignment == 0
            ? Resolver.Bytes<TMode>(w, i, lane, address, size)
            : throw w.Executor.Fault(DeviceFaultKind.MisalignedAddress, w, i, lane, $"copies from 0x{address:x}, which is not a multiple of {Alignment}");
    }
}
