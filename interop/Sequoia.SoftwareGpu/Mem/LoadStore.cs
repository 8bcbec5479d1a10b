using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>
/// The handlers of ld and st. A is the address, B the number of bytes that a lane moves, C the number of elements. A single element's register is
/// D; several registers are in Extra.
/// </summary>
internal static unsafe class LoadStore
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Load<TWidth, TSpace, TMode, TRegister, TElement>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode
        where TRegister : unmanaged
        where TElement : struct, IElement<TRegister>
    {
        byte* host = Resolver.Resolve<TWidth, TSpace, TMode>(w, i, m, TElement.Size, Access.Read, out Pattern* pattern);
        TRegister* d = (TRegister*)(w.Registers + i->D);
        if (pattern->Kind == PatternKind.Contiguous)
        {
            if (TElement.Size == sizeof(TRegister))
            {
                Move((byte*)d, host, 32 * sizeof(TRegister));
                return;
            }

            for (int lane = 0; lane < 32; lane++)
                d[lane] = TElement.Read(host + (lane * TElement.Size));
        }
        else if (pattern->Kind == PatternKind.Uniform)
        {
            Broadcast(d, TElement.Read(host));
        }
        else if (m == Lanes.All)
        {
            long* delta = pattern->Delta;
            for (int lane = 0; lane < 32; lane += 4)
            {
                d[lane] = TElement.Read(host + delta[lane]);
                d[lane + 1] = TElement.Read(host + delta[lane + 1]);
                d[lane + 2] = TElement.Read(host + delta[lane + 2]);
                d[lane + 3] = TElement.Read(host + delta[lane + 3]);
            }
        }
        else
        {
            for (uint rest = m; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                d[lane] = TElement.Read(host + pattern->Delta[lane]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LoadVector<TWidth, TSpace, TMode, TRegister, TElement>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode
        where TRegister : unmanaged
        where TElement : struct, IElement<TRegister>
    {
        byte* host = Resolver.Resolve<TWidth, TSpace, TMode>(w, i, m, i->B, Access.Read, out Pattern* pattern);
        byte* r = w.Registers;
        int* slots = i->Extra;
        int count = i->C;
        if (m == Lanes.All && TElement.Size == 4 && sizeof(TRegister) == 4 && count == 4)
        {
            if (pattern->HasUniformHalves)
            {
                uint* low = (uint*)(host + pattern->Delta[0]), high = (uint*)(host + pattern->Delta[16]);
                for (int e = 0; e < 4; e++)
                {
                    Vector512.Create(low[e]).Store((uint*)(r + slots[e]));
                    Vector512.Create(high[e]).Store((uint*)(r + slots[e]) + 16);
                }

                return;
            }

            if (Avx512F.IsSupported && pattern->HasContiguousHalves)
            {
                Quads.LoadRow(host + pattern->Delta[0], r, slots, 0);
                Quads.LoadRow(host + pattern->Delta[16], r, slots, 64);
                return;
            }

            Quads.Load(host, pattern->Delta, (uint*)(r + slots[0]), (uint*)(r + slots[1]), (uint*)(r + slots[2]), (uint*)(r + slots[3]));
            return;
        }

        for (int e = 0; e < count; e++)
        {
            TRegister* d = (TRegister*)(r + slots[e]);
            byte* element = host + (e * TElement.Size);
            for (uint rest = m; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                d[lane] = TElement.Read(element + pattern->Delta[lane]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Store<TWidth, TSpace, TMode, TRegister, TElement>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode
        where TRegister : unmanaged
        where TElement : struct, IElement<TRegister>
    {
        byte* host = Resolver.Resolve<TWidth, TSpace, TMode>(w, i, m, TElement.Size, Access.Write, out Pattern* pattern);
        TRegister* d = (TRegister*)(w.Registers + i->D);
        if (pattern->Kind == PatternKind.Contiguous && TElement.Size == sizeof(TRegister))
        {
            Move(host, (byte*)d, 32 * sizeof(TRegister));
            return;
        }

        // Lanes run in order. If several write one address, the last value remains.
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            TElement.Write(host + pattern->Delta[lane], d[lane]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreVector<TWidth, TSpace, TMode, TRegister, TElement>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode
        where TRegister : unmanaged
        where TElement : struct, IElement<TRegister>
    {
        byte* host = Resolver.Resolve<TWidth, TSpace, TMode>(w, i, m, i->B, Access.Write, out Pattern* pattern);
        byte* r = w.Registers;
        int* slots = i->Extra;
        int count = i->C;
        if (m == Lanes.All && TElement.Size == 4 && sizeof(TRegister) == 4 && count == 4)
        {
            Quads.Store(host, pattern->Delta, (uint*)(r + slots[0]), (uint*)(r + slots[1]), (uint*)(r + slots[2]), (uint*)(r + slots[3]));
            return;
        }

        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            byte* to = host + pattern->Delta[lane];
            for (int e = 0; e < count; e++)
                TElement.Write(to + (e * TElement.Size), ((TRegister*)(r + slots[e]))[lane]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Move(byte* to, byte* from, int bytes)
    {
        // All loads come before all stores. The source and destination must not overlap, but the compiler cannot know this.
        for (int offset = 0; offset < bytes; offset += 128)
        {
            Vector512<byte> low = Vector512.Load(from + offset);
            Vector512<byte> high = Vector512.Load(from + offset + 64);
            low.Store(to + offset);
            high.Store(to + offset + 64);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Broadcast<T>(T* d, T value)
        where T : unmanaged
    {
        Vector512<T> all = Vector512.Create(value);
        for (int lane = 0; lane < 32; lane += Vector512<T>.Count)
            all.Store(d + lane);
    }
}
