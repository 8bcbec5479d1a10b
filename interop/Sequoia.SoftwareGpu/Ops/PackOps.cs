using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Moves between one register and several narrower ones.</summary>
internal static unsafe class PackOps
{
    internal readonly struct Pack32 : IBinary32
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => (a & Vector512.Create(0xFFFFu)) | (b << 16);
    }

    public static void Split64(Warp w, Inst* i, uint m)
    {
        ulong* a = (ulong*)(w.Registers + i->A);
        uint* low = (uint*)(w.Registers + i->Extra[0]);
        uint* high = (uint*)(w.Registers + i->Extra[1]);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            low[lane] = (uint)a[lane];
            high[lane] = (uint)(a[lane] >> 32);
        }
    }

    public static void Split32(Warp w, Inst* i, uint m)
    {
        uint* a = (uint*)(w.Registers + i->A);
        Vector512<uint> mask = Vector512.Create(0xFFFFu);
        Vector512<uint> first = Vector512.Load(a), second = Vector512.Load(a + 16);
        Lanes.Store(w.Registers + i->Extra[0], m, first & mask, second & mask);
        Lanes.Store(w.Registers + i->Extra[1], m, first >> 16, second >> 16);
    }

    public static void Split64To16(Warp w, Inst* i, uint m)
    {
        ulong* a = (ulong*)(w.Registers + i->A);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong value = a[lane];
            for (int part = 0; part < 4; part++)
                ((uint*)(w.Registers + i->Extra[part]))[lane] = (ushort)(value >> (16 * part));
        }
    }

    public static void Join16To64(Warp w, Inst* i, uint m)
    {
        ulong* d = (ulong*)(w.Registers + i->D);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong value = 0;
            for (int part = 0; part < 4; part++)
                value |= (ulong)(ushort)((uint*)(w.Registers + i->Extra[part]))[lane] << (16 * part);
            d[lane] = value;
        }
    }

    /// <summary>Whether generic addresses are in the window that Immediate names.</summary>
    public static void IsSpace(Warp w, Inst* i, uint m)
    {
        ulong* a = (ulong*)(w.Registers + i->A);
        uint bits = 0;
        for (int lane = 0; lane < 32; lane++)
            bits |= a[lane] >> AddressWindows.Shift == (ulong)i->Immediate ? 1u << lane : 0;
        Lanes.StorePredicate(w.Registers + i->D, m, bits);
    }
}
