using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Lower;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>
/// Actual function calls. All code of the kernel shares the registers, so those the caller still needs are saved. The caller's local storage stays
/// in place, because each call has its own frame. If a pointer differs between lanes, the callees run one after another, and all lanes continue
/// together after the last one.
/// </summary>
internal static unsafe class Calls
{
    /// <summary>Starts a call. Returns the callee's first instruction and the lanes that start there.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Inst* Enter(Warp w, Inst* i, ref uint mask)
    {
        uint together = SameTarget(w, i, mask);
        CallFrame frame = Push(w, i, together, w.Frame, mask, mask & ~together);
        w.StackBase = w.StackDepth;
        return Begin(w, frame, ref mask);
    }

    /// <summary>
    /// The last lane has left the current call. The next callee starts, or the caller continues with its live lanes, if any.
    /// </summary>
    public static Inst* Leave(Warp w, ref uint mask)
    {
        CallFrame frame = w.Frame!;
        Pop(w, frame, frame.Called & w.Live);
        if (frame.Waiting != 0)
        {
            // Waiting lanes have executed nothing since, so they are all live.
            Inst* call = w.Code + frame.ReturnPc - 1;
            uint together = SameTarget(w, call, frame.Waiting);
            w.Here = frame.CallerHere;
            int callerStackBase = frame.CallerStackBase;
            CallFrame next = Push(w, call, together, frame.Caller, frame.Callers, frame.Waiting & ~together, callerStackBase);
            return Begin(w, next, ref mask);
        }

        w.Frame = frame.Caller;
        w.Here = frame.CallerHere & w.Live;
        w.StackBase = frame.CallerStackBase;
        mask = frame.Callers & w.Live;
        return w.Code + frame.ReturnPc;
    }

    private static Inst* Begin(Warp w, CallFrame frame, ref uint mask)
    {
        w.Frame = frame;
        w.Here = mask = frame.Called;
        return w.Code + w.Executor.Program.RegionStart[frame.Callee.Number];
    }

    /// <summary>The lanes that call the same function as the first lane.</summary>
    public static uint SameTarget(Warp w, Inst* i, uint mask)
    {
        if (Site(w, i).Callee is not null)
            return mask;
        ulong* pointers = (ulong*)(w.Registers + i->A);
        ulong first = pointers[BitOperations.TrailingZeroCount(mask)];
        uint same = 0;
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            same |= pointers[lane] == first ? 1u << lane : 0;
        }

        return same;
    }

    /// <summary>Creates the frame of a call for lanes with one target: saves registers and passes arguments.</summary>
    public static CallFrame Push(Warp w, Inst* i, uint called, CallFrame? caller, uint callers, uint waiting, int? callerStackBase = null)
    {
        FlatCall site = Site(w, i);
        CodeRegion callee = site.Callee ?? Target(w, i, called, site);
        (int Offset, int Bytes)[] saved = w.Executor.Program.Saved[site.Number];
        byte[] copy = new byte[saved.Sum(s => s.Bytes)];
        int at = 0;
        foreach ((int offset, int bytes) in saved)
        {
            new Span<byte>(w.Registers + offset, bytes).CopyTo(copy.AsSpan(at));
            at += bytes;
        }

        ulong* frames = (ulong*)(w.Registers + w.Executor.Program.FrameOffset);
        for (uint rest = called; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong outer = frames[lane], inner = outer + FrameBytes(site.Caller);
            if (inner + FrameBytes(callee) > w.LocalBytes)
                throw w.Executor.Fault(DeviceFaultKind.StackOverflow, w, i, lane, $"calls '{callee.Function.Name}', whose frame is over the {w.Executor.Launch.Options.StackBytes} bytes of the stack");
            Copy(w, lane, outer, site.Arguments, inner, callee.Parameters);
            frames[lane] = inner;
        }

        return new CallFrame(caller, site, callee, (int)(i - w.Code) + 1, copy)
        {
            Callers = callers,
            Called = called,
            Waiting = waiting,
            CallerHere = w.Here,
            CallerStackBase = callerStackBase ?? w.StackBase,
        };
    }

    /// <summary>Returns lanes: passes results and restores the caller's registers.</summary>
    public static void Pop(Warp w, CallFrame frame, uint returning)
    {
        ulong* frames = (ulong*)(w.Registers + w.Executor.Program.FrameOffset);
        for (uint rest = returning; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong inner = frames[lane], outer = inner - FrameBytes(frame.Site.Caller);
            Copy(w, lane, inner, frame.Callee.Results, outer, frame.Site.Results);
            frames[lane] = outer;
        }

        fixed (byte* copy = frame.Saved)
        {
            byte* from = copy;
            foreach ((int offset, int bytes) in w.Executor.Program.Saved[frame.Site.Number])
            {
                Restore(w.Registers + offset, from, bytes, returning);
                from += bytes;
            }
        }
    }

    private static void Restore(byte* slot, byte* from, int bytes, uint lanes)
    {
        switch (bytes)
        {
            case 4:
                Lanes.StorePredicate(slot, lanes, *(uint*)from);
                break;
            case 128:
                Lanes.Store(slot, lanes, Vector512.Load((uint*)from), Vector512.Load((uint*)from + 16));
                break;
            default:
                for (int k = 0; k < 4; k++)
                    Lanes.Store8((ulong*)slot + (8 * k), lanes >> (8 * k), Vector512.Load((ulong*)from + (8 * k)));
                break;
        }
    }

    private static FlatCall Site(Warp w, Inst* i) => w.Executor.Program.Body.Calls[i->C];

    private static ulong FrameBytes(CodeRegion region) =>
        (ulong)(region.FrameBytes + CodeRegion.FrameAlignment - 1) / CodeRegion.FrameAlignment * CodeRegion.FrameAlignment;

    private static void Copy(Warp w, int lane, ulong fromFrame, IReadOnlyList<Variable> from, ulong toFrame, IReadOnlyList<Variable> to)
    {
        byte* local = w.Local + ((ulong)lane * w.LocalBytes);
        for (int k = 0; k < from.Count; k++)
            Buffer.MemoryCopy(local + fromFrame + from[k].Address, local + toFrame + to[k].Address, to[k].Bytes, from[k].Bytes);
    }

    private static CodeRegion Target(Warp w, Inst* i, uint called, FlatCall site)
    {
        int lane = BitOperations.TrailingZeroCount(called);
        ulong address = ((ulong*)(w.Registers + i->A))[lane];
        CodeRegion region = w.Executor.Program.Body.Regions.Find(r => !r.IsKernel && r.Function.Address.Value == address)
            ?? throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, lane, $"calls 0x{address:x}, which is no function of this module");
        bool fits = Fits(site.Results, region.Results) && Fits(site.Arguments, region.Parameters);
        return fits ? region : throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, lane, $"calls a function through a pointer, but '{region.Function.Name}' has other parameters");
    }

    private static bool Fits(Variable[] given, List<Variable> wanted) => given.Select(v => v.Bytes).SequenceEqual(wanted.Select(v => v.Bytes));
}
