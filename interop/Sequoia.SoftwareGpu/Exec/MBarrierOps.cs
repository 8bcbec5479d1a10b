using System.Numerics;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>What an mbarrier instruction does.</summary>
[Flags]
internal enum MBarrierAction
{
    Expect = 1,
    Arrive = 2,

    /// <summary>A wait for the phase of a parity, not of a state.</summary>
    Parity = 4,

    /// <summary>A wait that may suspend the warp: try_wait.</summary>
    Suspend = 8,
}

/// <summary>The handlers of mbarrier: A is the address. The operands of lanes take effect one after another.</summary>
internal static unsafe class MBarrierOps
{
    private const int Bytes = 8;

    /// <summary>B is the number of arrivals that each phase expects.</summary>
    public static void Initialize<TWidth>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
    {
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong offset = Offset<TWidth>(w, i, i->A, i->Immediate, lane);
            uint count = ((uint*)(w.Registers + i->B))[lane];
            if (count is 0 or > MBarrier.Most)
                throw Wrong(w, i, lane, $"expects {count} arrivals; an mbarrier expects 1 to {MBarrier.Most}");
            if (w.Block.MBarriers.Find(offset) is not null)
                throw Wrong(w, i, lane, $"initialises shared offset {offset}, where an mbarrier is");
            w.Block.MBarriers.Add(new MBarrier
            {
                Offset = offset,
                Expected = (int)count,
                Pending = (int)count,
                Initializer = w.Index,
                InitializedAt = w.Block.Races?.Moment(w) ?? 0,
            });
        }
    }

    public static void Invalidate<TWidth>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
    {
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            w.Block.MBarriers.Remove(Find(w, i, lane, Offset<TWidth>(w, i, i->A, i->Immediate, lane)));
        }
    }

    /// <summary>B is the number of arrivals, C the bytes to expect, D the resulting state: the number of the phase.</summary>
    public static void Arrive<TWidth>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
    {
        MBarrierAction action = (MBarrierAction)i->E;
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            MBarrier barrier = Find(w, i, lane, Offset<TWidth>(w, i, i->A, i->Immediate, lane));
            if (action.HasFlag(MBarrierAction.Expect))
                Expect(w, i, lane, barrier, ((uint*)(w.Registers + i->C))[lane]);
            if (!action.HasFlag(MBarrierAction.Arrive))
                continue;
            uint count = ((uint*)(w.Registers + i->B))[lane];
            if (count == 0 || count > (uint)barrier.Pending)
                throw Wrong(w, i, lane, $"arrives {count} times at the mbarrier at shared offset {barrier.Offset}, whose phase {barrier.Phase} lacks {barrier.Pending} of {barrier.Expected} arrivals");
            ((ulong*)(w.Registers + i->D))[lane] = (ulong)barrier.Phase;
            barrier.Pending -= (int)count;
            w.Block.Races?.Release(w, barrier.Arrived);
            w.Block.MBarriers.Update(barrier);
        }
    }

    /// <summary>
    /// test_wait and try_wait. B is the parity or state, D whether that phase is complete. A try_wait that fails returns false once, as if its time
    /// were up, and then suspends the warp: a kernel that does not look at the result is wrong in every schedule.
    /// </summary>
    public static void Test<TWidth>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
    {
        MBarrierAction action = (MBarrierAction)i->E;
        uint done = 0;
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            MBarrier barrier = Find(w, i, lane, Offset<TWidth>(w, i, i->A, i->Immediate, lane));
            if (!HasCompleted(w, i, lane, action, barrier))
                continue;
            done |= 1u << lane;
            w.Block.Races?.Acquire(w, barrier.Completed);
        }

        Lanes.StorePredicate(w.Registers + i->D, m, done);
        bool suspends = action.HasFlag(MBarrierAction.Suspend);
        w.Pause = done != 0 ? Pause.None : suspends && w.HasTimedOut ? Pause.Suspend : Pause.Yield;
        w.HasTimedOut = suspends && done == 0;
        if (done != 0)
            return;
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            MBarrier barrier = Find(w, i, lane, Offset<TWidth>(w, i, i->A, i->Immediate, lane));
            if (w.Pause == Pause.Suspend)
                barrier.IsAwaited = true;
            else if (!suspends)
                w.Block.Copies.Land(barrier);
        }
    }

    public static void FenceInit(Warp w, Inst* i, uint m) => w.Block.MBarriers.Fence(w);

    public static void FenceProxy(Warp w, Inst* i, uint m)
    {
        w.Block.Races?.FenceProxy(w);
        w.Block.MBarriers.Fence(w);
    }

    /// <summary>An offset in shared memory for eight bytes.</summary>
    public static ulong Offset<TWidth>(Warp w, Inst* i, int register, long immediate, int lane)
        where TWidth : struct, IAddressWidth
    {
        ulong offset = TWidth.IsWide
            ? ((ulong*)(w.Registers + register))[lane] + (ulong)immediate
            : (uint)(((uint*)(w.Registers + register))[lane] + immediate);
        if (offset > w.SharedBytes || Bytes > w.SharedBytes - offset)
            throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, lane, $"has its mbarrier at offset {(long)offset}, outside the block's {w.SharedBytes} bytes of shared memory");
        return offset % Bytes == 0
            ? offset
            : throw w.Executor.Fault(DeviceFaultKind.MisalignedAddress, w, i, lane, $"has its mbarrier at shared offset {offset}, which is not a multiple of {Bytes}");
    }

    /// <summary>The mbarrier at an offset. Other warps than its initializer need a barrier before the first use.</summary>
    public static MBarrier Find(Warp w, Inst* i, int lane, ulong offset)
    {
        if (w.Block.MBarriers.Find(offset) is not { } barrier)
            throw Wrong(w, i, lane, $"uses shared offset {offset}, where no mbarrier is");
        if (w.Block.Races is { } races && !races.Knows(w, barrier.Initializer, barrier.InitializedAt))
            w.Executor.Report(FindingKind.SharedRace, w, i, lane, $"uses the mbarrier at shared offset {offset}, which warp {barrier.Initializer} initialised with no barrier between");
        return barrier;
    }

    private static void Expect(Warp w, Inst* i, int lane, MBarrier barrier, uint bytes)
    {
        if (bytes > MBarrier.Most || barrier.Bytes + bytes > MBarrier.Most)
            throw Wrong(w, i, lane, $"expects {bytes} bytes in addition to {barrier.Bytes}; {MBarrier.Most} are the most");
        barrier.Bytes += bytes;
    }

    private static bool HasCompleted(Warp w, Inst* i, int lane, MBarrierAction action, MBarrier barrier)
    {
        if (!action.HasFlag(MBarrierAction.Parity))
            return barrier.Phase != (long)((ulong*)(w.Registers + i->B))[lane];
        uint parity = ((uint*)(w.Registers + i->B))[lane];
        return parity <= 1 ? barrier.HasCompleted(parity) : throw Wrong(w, i, lane, $"waits for parity {parity}; a parity is 0 or 1");
    }

    private static DeviceFault Wrong(Warp w, Inst* i, int lane, string message) => w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, lane, message);
}
