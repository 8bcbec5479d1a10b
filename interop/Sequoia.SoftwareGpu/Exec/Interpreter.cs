using System.Runtime.CompilerServices;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>
/// Runs one warp until it waits, ends, or has used its slice. Diverged lanes wait on a stack and reconverge at the immediate post-dominator of the
/// branch that split them.
/// </summary>
internal static unsafe class Interpreter
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(Warp w)
    {
        Inst* code = w.Code;
        Inst* pc = code + w.Pc;
        uint mask = w.Mask;
        byte* r = w.Registers;
        for (; ; )
        {
            while (pc->Kind == InstKind.Plain)
            {
                pc->Run(w, pc, mask);
                pc += pc->Repeat;
            }

            uint m = mask;
            if (pc->IsGuarded)
                m &= *(uint*)(r + pc->Guard) ^ pc->GuardFlip;
            switch (pc->Kind)
            {
                case InstKind.Guarded:
                    if (m != 0)
                        pc->Run(w, pc, m);
                    pc++;
                    break;
                case InstKind.Branch:
                    w.Slice -= pc->Length;
                    if (m == mask)
                        pc = code + pc->Target;
                    else if (m == 0)
                        pc++;
                    else
                        pc = Split(w, pc, m, ref mask);
                    if (w.Slice < 0)
                        goto stop;
                    break;
                case InstKind.Join:
                    pc = Meet(w, pc, ref mask);
                    break;
                case InstKind.Exit:
                    w.Slice -= pc->Length;
                    pc = Leave(w, pc, m, ref mask);
                    if (mask == 0)
                        goto stop;
                    break;
                case InstKind.Call:
                    w.Slice -= pc->Length;
                    pc = Calls.Enter(w, pc, ref mask);
                    if (w.Slice < 0)
                        goto stop;
                    break;
                case InstKind.Return:
                    w.Slice -= pc->Length;
                    pc = Return(w, pc, m, ref mask);
                    if (mask == 0)
                        goto stop;
                    break;
                case InstKind.Barrier:
                    if (m == 0)
                    {
                        pc++;
                        break;
                    }

                    w.Slice -= pc->Length;
                    w.Pc = (int)(pc - code);
                    w.Mask = mask;
                    if (m != w.Live)
                        w.Executor.DivergentBarrier(w, pc, m);
                    w.Block.Barriers.Arrive(w, pc, m);
                    if (w.State == WarpState.AtBarrier)
                        return;
                    pc++;
                    break;
                case InstKind.Sync:
                    if (m != 0)
                    {
                        SyncMembers.Check(w, pc, m);
                        pc->Run(w, pc, m);
                    }

                    pc++;
                    break;
                case InstKind.Wait:
                    if (m != 0 && Waits(w, pc, m))
                        goto stop;
                    pc++;
                    if (m != 0 && w.Pause == Pause.Yield)
                        goto stop;
                    break;
                case InstKind.Count:
                    w.Executor.Counters.Block(pc->B, mask);
                    pc++;
                    break;
                default:
                    pc++;
                    w.Slice = long.Min(w.Slice, 0) - 1;
                    goto stop;
            }
        }

    stop:
        w.Pc = (int)(pc - code);
        w.Mask = mask;
    }

    /// <summary>Runs a single instruction, for schedules that can switch warps anywhere.</summary>
    public static void Step(Warp w)
    {
        Inst* pc = w.Code + w.Pc;
        if (pc->Kind is InstKind.Plain)
        {
            pc->Run(w, pc, w.Mask);
            w.Pc++;
            w.Slice--;
            return;
        }

        uint m = w.Mask;
        if (pc->IsGuarded)
            m &= *(uint*)(w.Registers + pc->Guard) ^ pc->GuardFlip;
        w.Slice--;
        switch (pc->Kind)
        {
            case InstKind.Branch:
                pc = m == w.Mask ? w.Code + pc->Target : m == 0 ? pc + 1 : Split(w, pc, m, ref w.Mask);
                break;
            case InstKind.Join:
                pc = Meet(w, pc, ref w.Mask);
                break;
            case InstKind.Exit:
                pc = Leave(w, pc, m, ref w.Mask);
                break;
            case InstKind.Call:
                pc = Calls.Enter(w, pc, ref w.Mask);
                break;
            case InstKind.Return:
                pc = Return(w, pc, m, ref w.Mask);
                break;
            case InstKind.Barrier when m != 0:
                if (m != w.Live)
                    w.Executor.DivergentBarrier(w, pc, m);
                w.Block.Barriers.Arrive(w, pc, m);
                return;
            case InstKind.Sync when m != 0:
                SyncMembers.Check(w, pc, m);
                pc->Run(w, pc, m);
                pc++;
                break;
            case InstKind.Wait when m != 0:
                if (Waits(w, pc, m))
                    return;
                pc++;
                break;
            case InstKind.Guarded when m != 0:
                pc->Run(w, pc, m);
                pc++;
                break;
            case InstKind.Count:
                w.Executor.Counters.Block(pc->B, w.Mask);
                pc++;
                break;
            default:
                pc++;
                break;
        }

        w.Pc = (int)(pc - w.Code);
    }

    /// <summary>Tests mbarriers. Returns whether the warp waits there.</summary>
    private static bool Waits(Warp w, Inst* pc, uint m)
    {
        pc->Run(w, pc, m);
        if (w.Pause == Pause.Suspend)
            w.State = WarpState.AtMBarrier;
        return w.Pause == Pause.Suspend;
    }

    /// <summary>A branch that only some lanes take. One side waits on the stack, and the other runs.</summary>
    private static Inst* Split(Warp w, Inst* pc, uint taken, ref uint mask)
    {
        uint others = mask & ~taken;
        int join = pc->Join;
        int target = pc->Target, next = (int)(pc - w.Code) + 1;
        bool isKnown = w.StackDepth > w.StackBase && w.Stack[w.StackDepth - 1].Join == join;
        if (join >= 0 && !isKnown)
            w.Stack[w.StackDepth++] = new StackEntry { Pc = join, Join = join, Mask = mask };
        if (join >= 0 && target == join)
        {
            mask = others;
            return w.Code + next;
        }

        if (join >= 0 && next == join)
        {
            mask = taken;
            return w.Code + target;
        }

        w.Stack[w.StackDepth++] = new StackEntry { Pc = target, Join = join, Mask = taken };
        mask = others;
        return w.Code + next;
    }

    /// <summary>The lanes reached a reconvergence point. The next side runs, or all lanes continue together.</summary>
    private static Inst* Meet(Warp w, Inst* pc, ref uint mask)
    {
        int here = (int)(pc - w.Code);
        while (w.StackDepth > w.StackBase && w.Stack[w.StackDepth - 1].Join == here)
        {
            StackEntry entry = w.Stack[--w.StackDepth];
            uint lanes = entry.Mask & w.Here;
            if (lanes == 0)
                continue;
            mask = lanes;
            if (entry.Pc != here)
                return w.Code + entry.Pc;
        }

        return pc + 1;
    }

    private static Inst* Leave(Warp w, Inst* pc, uint leaving, ref uint mask)
    {
        w.Live &= ~leaving;
        return Return(w, pc, leaving, ref mask);
    }

    /// <summary>Some lanes leave the current call. The remaining lanes continue; after the last one, the caller does.</summary>
    private static Inst* Return(Warp w, Inst* pc, uint leaving, ref uint mask)
    {
        w.Here &= ~leaving;
        mask &= ~leaving;
        if (mask != 0)
            return pc + 1;
        for (; ; )
        {
            while (w.StackDepth > w.StackBase)
            {
                StackEntry entry = w.Stack[--w.StackDepth];
                mask = entry.Mask & w.Here;
                if (mask != 0)
                    return w.Code + entry.Pc;
            }

            if (w.Frame is null)
            {
                w.State = WarpState.Finished;
                return pc;
            }

            Inst* next = Calls.Leave(w, ref mask);
            if (mask != 0)
                return next;
        }
    }
}
