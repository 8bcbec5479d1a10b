using System.Numerics;
using System.Runtime.CompilerServices;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>The additional work of checked accesses: initialization, races, pending copies.</summary>
internal static unsafe class Checker
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Global(Warp w, Inst* i, Allocation* allocation, Pattern* pattern, ulong start, Access access)
    {
        if (!pattern->HasRuns)
            pattern->FindRuns();
        for (int run = 0; run < pattern->Runs; run++)
            GlobalRun(w, i, -1, pattern->Mask, allocation, start + (ulong)pattern->RunStart[run], pattern->RunLength[run], access);
        w.Executor.GlobalRaces!.Order(w.Block, (Ordering)i->E);
    }

    public static void GlobalLane(Warp w, Inst* i, int lane, Allocation* allocation, ulong address, int size, Access access, Ordering ordering)
    {
        GlobalRun(w, i, lane, 1u << lane, allocation, address, (uint)size, access);
        w.Executor.GlobalRaces!.Order(w.Block, ordering);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Shared(Warp w, Inst* i, Pattern* pattern, ulong start, Access access)
    {
        if (!pattern->HasRuns)
            pattern->FindRuns();
        for (int run = 0; run < pattern->Runs; run++)
            SharedRun(w, i, -1, start + (ulong)pattern->RunStart[run], pattern->RunLength[run], access);
    }

    public static void SharedLane(Warp w, Inst* i, int lane, ulong offset, int size, Access access) =>
        SharedRun(w, i, lane, offset, (uint)size, access);

    /// <summary>A wgmma reads from its issue on.</summary>
    public static void BeginRead(Warp w, Inst* i, ulong offset, uint length)
    {
        ReportPending(w, i, 0, offset, length);
        w.Block.Races!.BeginRead(w, i, offset, length);
    }

    /// <summary>Finds the lane whose access covers an offset. Messages name a thread, but shadows store only addresses.</summary>
    public static int LaneAt(Warp w, Inst* i, ulong offset)
    {
        Pattern* pattern = w.Memos[i->Memo].Recent;
        if (pattern is null)
            return 0;
        for (uint rest = pattern->Mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);

            // The register can be 32 or 64 bits wide. Only the differences from the first lane matter, and they are known.
            ulong first = FirstAddress(w, i, pattern) + (ulong)pattern->Delta[lane] + (ulong)i->Immediate;
            if (offset >= first && offset < first + (ulong)pattern->Size)
                return lane;
        }

        return pattern->First;
    }

    private static ulong FirstAddress(Warp w, Inst* i, Pattern* pattern)
    {
        ulong wide = ((ulong*)(w.Registers + i->A))[pattern->First];
        ulong offset = wide & AddressWindows.OffsetMask;
        return offset < w.SharedBytes ? offset : ((uint*)(w.Registers + i->A))[pattern->First];
    }

    private static void GlobalRun(Warp w, Inst* i, int lane, uint lanes, Allocation* allocation, ulong address, uint length, Access access)
    {
        if (!allocation->IsAllWritten)
        {
            ulong offset = address - allocation->Start;
            if (access != Access.Write)
            {
                int missing = allocation->Written is not null ? ShadowBytes.FirstUnwritten(allocation->Written + offset, length)
                    : offset + length <= allocation->WrittenPrefix ? -1 : (int)(ulong.Max(allocation->WrittenPrefix, offset) - offset);
                if (missing >= 0)
                    ReportUnwritten(w, i, lane, allocation, address + (ulong)missing);
            }

            if (access != Access.Read)
            {
                DeviceMemory.AddWritten(allocation);
                ShadowBytes.Mark(allocation->Written + offset, length);
            }
        }

        w.Executor.Launch.Accesses?.Add(allocation, address, length, access);
        w.Executor.EarlyAccesses!.Access(w, i, lanes, allocation, address, length, access != Access.Read);
        if (access != Access.Atomic)
            w.Executor.GlobalRaces!.Access(w, i, int.Max(lane, 0), allocation, address, length, access == Access.Write);
    }

    private static void ReportUnwritten(Warp w, Inst* i, int lane, Allocation* allocation, ulong address)
    {
        ulong offset = address - allocation->Start;
        if (lane < 0)
            lane = GlobalLaneAt(w, i, address);
        w.Executor.Report(FindingKind.UninitializedGlobal, w, i, lane, $"reads offset {offset} of allocation {allocation->Number} ({allocation->Bytes} bytes), which nothing has written");
    }

    private static int GlobalLaneAt(Warp w, Inst* i, ulong address)
    {
        Pattern* pattern = w.Memos[i->Memo].Recent;
        ulong first = ((ulong*)(w.Registers + i->A))[pattern->First] + (ulong)i->Immediate;
        for (uint rest = pattern->Mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (address - (first + (ulong)pattern->Delta[lane]) < (ulong)pattern->Size)
                return lane;
        }

        return pattern->First;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SharedRun(Warp w, Inst* i, int lane, ulong offset, uint length, Access access)
    {
        if (access != Access.Write)
            ReportPending(w, i, lane, offset, length);
        SharedRaces races = w.Block.Races!;
        if (access == Access.Read)
            races.Read(w, i, offset, length);
        else if (access == Access.Write)
            races.Write(w, i, offset, length, access);
        else
            races.Update(w, i, offset, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReportPending(Warp w, Inst* i, int lane, ulong offset, uint length)
    {
        if (w.Block.Pending is not { } pending)
            return;
        int at = pending.FirstPending(offset, length);
        if (at < 0)
            return;
        int reader = lane >= 0 ? lane : LaneAt(w, i, offset + (ulong)at);
        w.Executor.Report(FindingKind.PendingAsyncCopy, w, i, reader, $"reads shared offset {offset + (ulong)at}, into which an asynchronous copy is still pending");
    }
}
