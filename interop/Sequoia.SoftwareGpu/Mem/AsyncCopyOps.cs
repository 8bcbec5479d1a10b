using System.Numerics;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>The handlers of cp.async: A is the shared address, B the global one, C the bytes to read, E the size.</summary>
internal static unsafe class AsyncCopyOps
{
    public static void Issue<TWidth, TMode>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
        where TMode : struct, IMode
    {
        int size = i->E;
        uint* wanted = (uint*)(w.Registers + i->C);
        uint whole = 0, part = 0;
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (wanted[lane] > (uint)size)
                throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, lane, $"reads {wanted[lane]} bytes to copy {size}");
            if (wanted[lane] == (uint)size)
                whole |= 1u << lane;
            else if (wanted[lane] != 0)
                part |= 1u << lane;
        }

        // Each side has its own offset. The resolver reads it from the same place as for every instruction. E would mean volatile.
        long* from = stackalloc long[32];
        Inst side = *i;
        side.E = 0;
        side.Immediate = (int)i->Immediate;
        for (uint rest = part; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            from[lane] = (long)Partial<TMode>(w, &side, 1u << lane, (int)wanted[lane], size);
        }

        if (whole != 0)
        {
            byte* host = Resolver.Resolve<Wide, GlobalSpace, TMode>(w, &side, i->B, i->Memo + 1, whole, size, Access.Read, out Pattern* source);
            for (uint rest = whole; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                from[lane] = (long)(host + source->Delta[lane]);
            }
        }

        side.Immediate = i->Immediate >> 32;
        byte* shared = Resolver.Resolve<TWidth, SharedSpace, TMode>(w, &side, m, size, Access.Write, out Pattern* target);
        AsyncCopies copies = w.Copies ??= new AsyncCopies();
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong offset = (ulong)(shared + target->Delta[lane] - w.Shared);
            copies.Add((byte*)from[lane], offset, size, (int)wanted[lane], lane);
            if (TMode.Checks)
                w.Block.Pending!.MarkPending(offset, (uint)size);
        }
    }

    public static void Commit(Warp w, Inst* i, uint m) => (w.Copies ??= new AsyncCopies()).Commit(m);

    public static void Wait(Warp w, Inst* i, uint m) => w.Copies?.Wait(w, m, (int)i->Immediate);

    /// <summary>A lane that reads fewer bytes than it writes. The size is not a power of two, but the address is still aligned to the copy.</summary>
    private static byte* Partial<TMode>(Warp w, Inst* side, uint lane, int bytes, int size)
        where TMode : struct, IMode
    {
        int index = BitOperations.TrailingZeroCount(lane);
        ulong address = ((ulong*)(w.Registers + side->B))[index] + (ulong)side->Immediate;
        if ((address & (uint)(size - 1)) != 0)
            throw w.Executor.Fault(DeviceFaultKind.MisalignedAddress, w, side, index, $"copies from 0x{address:x}, which is not a multiple of {size}");
        return Resolver.Bytes<TMode>(w, side, index, address, bytes);
    }
}
