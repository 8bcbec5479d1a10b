using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Check;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>
/// Converts the addresses of an access to host addresses. The bytes of lane l are at the returned base plus the pattern's delta of l. Bounds and
/// alignment are always checked.
/// </summary>
internal static unsafe class Resolver
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Resolve<TWidth, TSpace, TMode>(Warp w, Inst* i, uint m, int size, Access access, out Pattern* pattern)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode => Resolve<TWidth, TSpace, TMode>(w, i, i->A, i->Memo, m, size, access, out pattern);

    /// <summary>The same for an instruction with several addresses. The register and the memo are passed explicitly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Resolve<TWidth, TSpace, TMode>(
        Warp w, Inst* i, int register, int memoIndex, uint m, int size, Access access, out Pattern* pattern)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode
    {
        Memo* memo = w.Memos + memoIndex;
        int first = BitOperations.TrailingZeroCount(m);
        ulong start;
        Pattern* recent = memo->Recent;
        if (TWidth.IsWide)
        {
            ulong* a = (ulong*)(w.Registers + register);
            start = a[first];
            pattern = recent is not null && recent->Mask == m && Matches64(a, start, recent, m) ? recent : Miss64(memo, a, start, m, size);
        }
        else
        {
            uint* a = (uint*)(w.Registers + register);
            start = a[first];
            pattern = recent is not null && recent->Mask == m && Matches32(a, (uint)start, recent, m) ? recent : Miss32(memo, a, (uint)start, m, size);
        }

        start += (ulong)i->Immediate;
        if (!TWidth.IsWide)
            start = (uint)start;
        if (TSpace.Space == StateSpace.Shared)
            return Shared<TMode>(w, i, pattern, start, access);
        if (TSpace.Space == StateSpace.Global)
        {
            Allocation* allocation = memo->Last;
            ulong low = start + (ulong)pattern->Min;
            if (allocation is null || low < allocation->Start || pattern->Span > allocation->Bytes
                || low - allocation->Start > allocation->Bytes - pattern->Span
                || ((start | pattern->AlignmentBits) & (uint)(size - 1)) != 0
                || (access != Access.Read && allocation->IsReadOnly))
            {
                return GlobalSlow<TMode>(w, i, memo, ref pattern, start, access);
            }

            if (TMode.Checks)
                Checker.Global(w, i, allocation, pattern, start, access);
            if (TMode.Counts)
                w.Executor.Counters.Global(i, pattern, start, access, allocation);
            return allocation->Host + (start - allocation->Start);
        }

        if (TSpace.Space == StateSpace.Param)
            return Param(w, i, pattern, start);
        if (TSpace.Space == StateSpace.Local)
            return Local(w, i, start, ref pattern);
        return Generic<TMode>(w, i, memo, ref pattern, start, access);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Matches64(ulong* a, ulong start, Pattern* pattern, uint m)
    {
        Vector512<ulong> origin = Vector512.Create(start);
        ulong* delta = (ulong*)pattern->Delta;
        Vector512<ulong> d0 = (Vector512.Load(a) - origin) ^ Vector512.Load(delta);
        Vector512<ulong> d1 = (Vector512.Load(a + 8) - origin) ^ Vector512.Load(delta + 8);
        Vector512<ulong> d2 = (Vector512.Load(a + 16) - origin) ^ Vector512.Load(delta + 16);
        Vector512<ulong> d3 = (Vector512.Load(a + 24) - origin) ^ Vector512.Load(delta + 24);
        if (m != Lanes.All)
        {
            d0 &= Lanes.Mask64(m);
            d1 &= Lanes.Mask64(m >> 8);
            d2 &= Lanes.Mask64(m >> 16);
            d3 &= Lanes.Mask64(m >> 24);
        }

        return (d0 | d1 | d2 | d3) == Vector512<ulong>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Matches32(uint* a, uint start, Pattern* pattern, uint m)
    {
        Vector512<uint> origin = Vector512.Create(start);
        uint* delta = (uint*)pattern->Narrow;
        Vector512<uint> d0 = (Vector512.Load(a) - origin) ^ Vector512.Load(delta);
        Vector512<uint> d1 = (Vector512.Load(a + 16) - origin) ^ Vector512.Load(delta + 16);
        if (m != Lanes.All)
        {
            d0 &= Lanes.Mask32(m);
            d1 &= Lanes.Mask32(m >> 16);
        }

        return (d0 | d1) == Vector512<uint>.Zero;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Pattern* Miss64(Memo* memo, ulong* a, ulong start, uint m, int size)
    {
        long* delta = stackalloc long[32];
        for (int lane = 0; lane < 32; lane++)
            delta[lane] = (m >> lane & 1) != 0 ? (long)(a[lane] - start) : 0;
        Pattern* older = memo->FindOlder(m, delta);
        return older is not null ? older : memo->Learn(m, delta, size);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Pattern* Miss32(Memo* memo, uint* a, uint start, uint m, int size)
    {
        long* delta = stackalloc long[32];
        for (int lane = 0; lane < 32; lane++)
            delta[lane] = (m >> lane & 1) != 0 ? (int)(a[lane] - start) : 0;
        Pattern* older = memo->FindOlder(m, delta);
        return older is not null ? older : memo->Learn(m, delta, size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Shared<TMode>(Warp w, Inst* i, Pattern* pattern, ulong start, Access access)
        where TMode : struct, IMode
    {
        ulong low = start + (ulong)pattern->Min;
        if (pattern->Span > w.SharedBytes || low > w.SharedBytes - pattern->Span
            || ((start | pattern->AlignmentBits) & (uint)(pattern->Size - 1)) != 0)
            SharedFault(w, i, pattern, start);
        if (TMode.Checks)
            Checker.Shared(w, i, pattern, start, access);
        if (TMode.Counts)
            w.Executor.Counters.Shared(i, pattern, access);
        return w.Shared + start;
    }

    private static byte* Param(Warp w, Inst* i, Pattern* pattern, ulong start)
    {
        ulong low = start + (ulong)pattern->Min;
        if (pattern->Span > w.ParameterBytes || low > w.ParameterBytes - pattern->Span)
            throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, pattern->First, $"offset {(long)start} is outside the kernel's {w.ParameterBytes} bytes of parameters");
        return w.Parameters + start;
    }

    private static byte* Local(Warp w, Inst* i, ulong start, ref Pattern* pattern)
    {
        Pattern* scattered = w.Scattered;
        scattered->Mask = pattern->Mask;
        scattered->Kind = PatternKind.General;
        for (uint rest = pattern->Mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            scattered->Delta[lane] = (long)LocalLane(w, i, lane, start + (ulong)pattern->Delta[lane], pattern->Size);
        }

        pattern = scattered;
        return null;
    }

    public static byte* LocalLane(Warp w, Inst* i, int lane, ulong offset, int size)
    {
        if (offset > w.LocalBytes || (ulong)size > w.LocalBytes - offset)
            throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, lane, $"{size} bytes at offset {(long)offset} are outside the thread's {w.LocalBytes} bytes of local memory");
        if ((offset & (uint)(size - 1)) != 0)
            throw w.Executor.Fault(DeviceFaultKind.MisalignedAddress, w, i, lane, $"local offset {offset} is not a multiple of {size}");
        return w.Local + ((ulong)lane * w.LocalBytes) + offset;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static byte* Generic<TMode>(Warp w, Inst* i, Memo* memo, ref Pattern* pattern, ulong start, Access access)
        where TMode : struct, IMode
    {
        ulong low = start + (ulong)pattern->Min;
        ulong window = start >> AddressWindows.Shift;
        bool isOne = low >> AddressWindows.Shift == window
            && (low + pattern->Span - 1) >> AddressWindows.Shift == window && pattern->Span < AddressWindows.Shared;
        if (isOne)
        {
            ulong offset = start & AddressWindows.OffsetMask;
            switch (window << AddressWindows.Shift)
            {
                case 0:
                    return GlobalSlow<TMode>(w, i, memo, ref pattern, start, access);
                case AddressWindows.Shared:
                    return Shared<TMode>(w, i, pattern, offset, access);
                case AddressWindows.Local:
                    return Local(w, i, offset, ref pattern);
                case AddressWindows.Param when access == Access.Read:
                    return Param(w, i, pattern, offset);
            }
        }

        return Scatter<TMode>(w, i, ref pattern, start, access);
    }

    /// <summary>
    /// Looks up the allocation again. If the lanes are in several allocations, or one address is invalid, processes the lanes one by one.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static byte* GlobalSlow<TMode>(Warp w, Inst* i, Memo* memo, ref Pattern* pattern, ulong start, Access access)
        where TMode : struct, IMode
    {
        ulong low = start + (ulong)pattern->Min;
        Allocation* allocation = memo->Last;
        if (allocation is null || low < allocation->Start || low >= allocation->End)
            allocation = w.Executor.Memory.Find(low);
        bool isWhole = allocation is not null && pattern->Span <= allocation->End - low
            && ((start | pattern->AlignmentBits) & (uint)(pattern->Size - 1)) == 0
            && (access == Access.Read || !allocation->IsReadOnly);
        if (!isWhole)
            return Scatter<TMode>(w, i, ref pattern, start, access);
        memo->Last = allocation;
        if (TMode.Checks)
            Checker.Global(w, i, allocation, pattern, start, access);
        if (TMode.Counts)
            w.Executor.Counters.Global(i, pattern, start, access, allocation);
        return allocation->Host + (start - allocation->Start);
    }

    private static byte* Scatter<TMode>(Warp w, Inst* i, ref Pattern* pattern, ulong start, Access access)
        where TMode : struct, IMode
    {
        Pattern* scattered = w.Scattered;
        scattered->Mask = pattern->Mask;
        scattered->Kind = PatternKind.General;
        int size = pattern->Size;
        for (uint rest = pattern->Mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong address = start + (ulong)pattern->Delta[lane];
            ulong offset = address & AddressWindows.OffsetMask;
            byte* host;
            switch (address & ~AddressWindows.OffsetMask)
            {
                case AddressWindows.Local:
                    host = LocalLane(w, i, lane, offset, size);
                    break;
                case AddressWindows.Shared:
                    if (offset > w.SharedBytes || (ulong)size > w.SharedBytes - offset || (offset & (uint)(size - 1)) != 0)
                        SharedFault(w, i, pattern, start & AddressWindows.OffsetMask);
                    if (TMode.Checks)
                        Checker.SharedLane(w, i, lane, offset, size, access);
                    host = w.Shared + offset;
                    break;
                default:
                    host = GlobalLane<TMode>(w, i, lane, address, size, access);
                    break;
            }

            scattered->Delta[lane] = (long)host;
        }

        pattern = scattered;
        return null;
    }

    /// <summary>Resolves some bytes of one lane at a generic address.</summary>
    public static byte* Generic(Warp w, Inst* i, int lane, ulong address, int size)
    {
        ulong offset = address & AddressWindows.OffsetMask;
        switch (address & ~AddressWindows.OffsetMask)
        {
            case AddressWindows.Local:
                return LocalLane(w, i, lane, offset, size);
            case AddressWindows.Shared:
                if (offset > w.SharedBytes || (ulong)size > w.SharedBytes - offset)
                    throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, lane, $"{size} bytes at offset {(long)offset} are outside the block's {w.SharedBytes} bytes of shared memory");
                return w.Shared + offset;
            default:
                return GlobalLane<Bare>(w, i, lane, address, size, Access.Read);
        }
    }

    /// <summary>Resolves some bytes of one lane in global memory, of any size and alignment.</summary>
    public static byte* Bytes<TMode>(Warp w, Inst* i, int lane, ulong address, int bytes)
        where TMode : struct, IMode
    {
        Allocation* allocation = w.Executor.Memory.Find(address);
        if (allocation is null || (ulong)bytes > allocation->End - address)
            throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, lane, $"reads {bytes} bytes at 0x{address:x}; the address {w.Executor.Memory.Describe(address)}");
        if (TMode.Checks)
            Checker.GlobalLane(w, i, lane, allocation, address, bytes, Access.Read, Ordering.None);
        if (TMode.Counts)
            w.Executor.Counters.GlobalLane(i, address, bytes, Access.Read, allocation);
        return allocation->Host + (address - allocation->Start);
    }

    private static byte* GlobalLane<TMode>(Warp w, Inst* i, int lane, ulong address, int size, Access access)
        where TMode : struct, IMode
    {
        DeviceMemory memory = w.Executor.Memory;
        Allocation* allocation = memory.Find(address);
        string verb = access == Access.Read ? "reads" : access == Access.Write ? "writes" : "updates";
        if (allocation is null || (ulong)size > allocation->End - address)
        {
            string excess = allocation is null ? "" : ", which is shorter than the access";
            DeviceFault fault = w.Executor.Fault(
                DeviceFaultKind.IllegalAddress, w, i, lane, $"{verb} {size} bytes at 0x{address:x}; the address {memory.Describe(address)}{excess}", memory.FreedNumber(address) != 0 ? FindingKind.UseAfterFree : FindingKind.OutOfBounds);
            throw fault;
        }

        if ((address & (uint)(size - 1)) != 0)
        {
            throw w.Executor.Fault(
                DeviceFaultKind.MisalignedAddress, w, i, lane, $"{verb} {size} bytes at 0x{address:x}, which is not a multiple of {size}; the address {memory.Describe(address)}");
        }

        if (access != Access.Read && allocation->IsReadOnly)
            throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, lane, $"{verb} constant memory at 0x{address:x}");
        if (TMode.Checks)
            Checker.GlobalLane(w, i, lane, allocation, address, size, access, (Ordering)i->E);
        if (TMode.Counts)
            w.Executor.Counters.GlobalLane(i, address, size, access, allocation);
        return allocation->Host + (address - allocation->Start);
    }

    private static void SharedFault(Warp w, Inst* i, Pattern* pattern, ulong start)
    {
        for (uint rest = pattern->Mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong offset = start + (ulong)pattern->Delta[lane];
            if (offset > w.SharedBytes || (ulong)pattern->Size > w.SharedBytes - offset)
                throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, lane, $"{pattern->Size} bytes at offset {(long)offset} are outside the block's {w.SharedBytes} bytes of shared memory");
            if ((offset & (uint)(pattern->Size - 1)) != 0)
                throw w.Executor.Fault(DeviceFaultKind.MisalignedAddress, w, i, lane, $"shared offset {offset} is not a multiple of {pattern->Size}");
        }
    }
}
