using System.Numerics;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>
/// A warp whose diverged lanes run independently, in random order. Each part has its own program counter and lanes. Parts merge only at an
/// instruction that synchronizes, because hardware since Volta guarantees no more.
/// </summary>
internal sealed unsafe class Fragments
{
    private readonly List<Part> _parts = [];
    private bool _isStarted;

    private struct Part
    {
        public int Pc;
        public uint Mask;

        /// <summary>The call that the part is in.</summary>
        public CallFrame? Frame;

        /// <summary>Waits for other lanes at a synchronizing instruction.</summary>
        public bool IsWaiting;

        /// <summary>Waits until an mbarrier completes a phase.</summary>
        public bool IsSuspended;

        public readonly bool IsRunnable => !IsWaiting && !IsSuspended;
    }

    public void Clear()
    {
        _parts.Clear();
        _isStarted = false;
    }

    /// <summary>Runs parts of the warp, a few instructions each, until the slice is used or the warp waits or ends.</summary>
    public void Run(Warp w, ref ulong random)
    {
        if (!_isStarted)
        {
            _parts.Add(new Part { Pc = w.Pc, Mask = w.Mask });
            _isStarted = true;
        }

        while (w.Slice > 0 && w.State == WarpState.Ready)
        {
            int index = PickRunnable(ref random);
            if (index < 0)
            {
                if (Release(w))
                    continue;
                if (!_parts.Exists(part => part.IsSuspended))
                    throw Stuck(w);
                w.State = WarpState.AtMBarrier;
                w.Pc = _parts.Find(part => part.IsSuspended).Pc;
                return;
            }

            long steps = 1 + (long)(SplitMix.Next(ref random) % 16);
            while (steps-- > 0 && w.State == WarpState.Ready && Step(w, index))
            {
            }
        }
    }

    /// <summary>An mbarrier has completed a phase.</summary>
    public void Wake()
    {
        for (int k = 0; k < _parts.Count; k++)
            _parts[k] = _parts[k] with { IsSuspended = false };
    }

    private int PickRunnable(ref ulong random)
    {
        int runnable = 0;
        foreach (Part part in _parts)
            runnable += part.IsRunnable ? 1 : 0;
        if (runnable == 0)
            return -1;
        int chosen = (int)(SplitMix.Next(ref random) % (ulong)runnable);
        for (int k = 0; ; k++)
        {
            if (_parts[k].IsRunnable && chosen-- == 0)
                return k;
        }
    }

    /// <summary>Executes one instruction of a part. Returns false if the part waits, splits or ends.</summary>
    private bool Step(Warp w, int index)
    {
        Part part = _parts[index];
        Inst* pc = w.Code + part.Pc;
        w.Slice--;
        uint m = part.Mask;
        if (pc->IsGuarded)
            m &= *(uint*)(w.Registers + pc->Guard) ^ pc->GuardFlip;
        switch (pc->Kind)
        {
            case InstKind.Branch when m != 0 && m != part.Mask:
                _parts.Add(part with { Pc = pc->Target, Mask = m });
                part.Mask &= ~m;
                part.Pc++;
                _parts[index] = part;
                return false;
            case InstKind.Branch:
                part.Pc = m == 0 ? part.Pc + 1 : pc->Target;
                break;
            case InstKind.Exit when m != 0:
                w.Live &= ~m;
                part.Mask &= ~m;
                part.Pc++;
                if (part.Mask == 0)
                    _parts.RemoveAt(index);
                else
                    _parts[index] = part;
                if (w.Live == 0)
                    w.State = WarpState.Finished;
                return false;
            case InstKind.Call:
                uint together = Calls.SameTarget(w, pc, m);
                if (together != m)
                    _parts.Add(part with { Mask = m & ~together });
                part.Mask = together;
                part.Frame = Calls.Push(w, pc, together, part.Frame, together, 0);
                part.Pc = w.Executor.Program.RegionStart[part.Frame.Callee.Number];
                break;
            case InstKind.Return when m != 0:
                if (m != part.Mask)
                    _parts.Add(part with { Pc = part.Pc + 1, Mask = part.Mask & ~m });
                CallFrame left = part.Frame!;
                Calls.Pop(w, left, m);
                part = new Part { Pc = left.ReturnPc, Mask = m, Frame = left.Caller };
                break;
            case InstKind.Barrier or InstKind.Sync when m != 0:
                part.IsWaiting = true;
                _parts[index] = part;
                if (m != part.Mask)
                    Split(index, m);
                Release(w);
                return false;
            case InstKind.Wait when m != 0:
                pc->Run(w, pc, m);
                if (w.Pause != Pause.Suspend)
                {
                    part.Pc++;
                    _parts[index] = part;
                    return w.Pause != Pause.Yield;
                }

                part.IsSuspended = true;
                _parts[index] = part;
                if (m != part.Mask)
                    Split(index, m);
                return false;
            case InstKind.Plain or InstKind.Guarded when m != 0:
                pc->Run(w, pc, m);
                part.Pc++;
                break;
            case InstKind.Count:
                w.Executor.Counters.Block(pc->B, part.Mask);
                part.Pc++;
                break;
            default:
                part.Pc++;
                break;
        }

        _parts[index] = part;
        return true;
    }

    /// <summary>A guard disables some lanes. They skip the instruction without participating.</summary>
    private void Split(int index, uint taking)
    {
        Part part = _parts[index];
        _parts.Add(part with { Pc = part.Pc + 1, Mask = part.Mask & ~taking, IsWaiting = false, IsSuspended = false });
        part.Mask = taking;
        _parts[index] = part;
    }

    /// <summary>Resumes one complete set of waiting parts. Returns false if none is complete.</summary>
    private bool Release(Warp w)
    {
        for (int k = 0; k < _parts.Count; k++)
        {
            if (!_parts[k].IsWaiting)
                continue;
            Inst* pc = w.Code + _parts[k].Pc;
            bool anyPlace = pc->Kind == InstKind.Sync && (SyncRule)pc->B == SyncRule.AnyPlace;
            uint here = 0, present = 0;
            foreach (Part part in _parts)
            {
                Inst* other = w.Code + part.Pc;
                if (part.IsWaiting && part.Pc == _parts[k].Pc)
                    here |= part.Mask;
                if (part.IsWaiting && (part.Pc == _parts[k].Pc || (anyPlace && other->Kind == InstKind.Sync && (SyncRule)other->B == SyncRule.AnyPlace)))
                    present |= part.Mask;
            }

            uint wanted = pc->Kind == InstKind.Barrier ? w.Live : SyncMembers.Named(w, pc, _parts[k].Mask) & w.Live;
            if ((wanted & ~present) != 0)
                continue;
            if (anyPlace)
                PassElsewhere(w, _parts[k].Pc, wanted);
            Perform(w, pc, here & (wanted | _parts[k].Mask));
            return true;
        }

        return false;
    }

    /// <summary>The lanes of a warp barrier can be at different barriers. Lanes at other barriers continue at the same time.</summary>
    private void PassElsewhere(Warp w, int place, uint wanted)
    {
        for (int k = 0; k < _parts.Count; k++)
        {
            Part part = _parts[k];
            Inst* pc = w.Code + part.Pc;
            bool passes = part.IsWaiting && part.Pc != place && (part.Mask & wanted) != 0
                && pc->Kind == InstKind.Sync && (SyncRule)pc->B == SyncRule.AnyPlace;
            if (passes)
                _parts[k] = part with { Pc = part.Pc + 1, IsWaiting = false };
        }
    }

    private void Perform(Warp w, Inst* pc, uint mask)
    {
        int place = (int)(pc - w.Code);
        List<Part> joined = [];
        for (int k = _parts.Count - 1; k >= 0; k--)
        {
            Part part = _parts[k];
            if (!part.IsWaiting || part.Pc != place || (part.Mask & mask) == 0)
                continue;
            Join(joined, place + 1, part.Mask & mask, part.Frame);
            part.Mask &= ~mask;
            if (part.Mask == 0)
                _parts.RemoveAt(k);
            else
                _parts[k] = part;
        }

        _parts.AddRange(joined);
        w.Pc = place;
        w.Mask = mask;
        if (pc->Kind == InstKind.Barrier)
        {
            w.Block.Barriers.Arrive(w, pc, mask);
            return;
        }

        SyncMembers.Check(w, pc, mask);
        pc->Run(w, pc, mask);
    }

    /// <summary>Lanes that arrived by different calls return to different places, so they stay separate.</summary>
    private static void Join(List<Part> joined, int place, uint mask, CallFrame? frame)
    {
        int known = joined.FindIndex(part => ReferenceEquals(part.Frame, frame));
        if (known >= 0)
            joined[known] = joined[known] with { Mask = joined[known].Mask | mask };
        else
            joined.Add(new Part { Pc = place, Mask = mask, Frame = frame });
    }

    /// <summary>Every part waits, and no wait can end.</summary>
    private DeviceFault Stuck(Warp w)
    {
        Part part = _parts[0];
        Inst* pc = w.Code + part.Pc;
        uint wanted = pc->Kind == InstKind.Barrier ? w.Live : SyncMembers.Named(w, pc, part.Mask);
        uint here = part.Mask;
        string places = string.Join("; ", _parts.Select(p => $"lanes {SyncMembers.Describe(p.Mask)} at PTX line {Line(w, p.Pc)}"));
        FindingKind kind = pc->Kind == InstKind.Barrier ? FindingKind.DivergentBarrier : FindingKind.InactiveLanes;
        return w.Executor.Fault(
            DeviceFaultKind.Deadlock, w, pc, BitOperations.TrailingZeroCount(here), $"waits for lanes {SyncMembers.Describe(wanted & w.Live & ~here)}, which wait elsewhere: {places}", kind);
    }

    private static int Line(Warp w, int pc) => w.Executor.PlaceOf(w.Code + pc).Line;
}
