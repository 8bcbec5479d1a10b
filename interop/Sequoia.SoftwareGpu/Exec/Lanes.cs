using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>Lane masks as vectors, and masked stores of whole registers.</summary>
internal static unsafe class Lanes
{
    public const uint All = uint.MaxValue;

    private static Vector512<uint> Bits16
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create(1u, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768);
    }

    private static Vector512<ulong> Bits8
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create(1ul, 2, 4, 8, 16, 32, 64, 128);
    }

    /// <summary>All ones in the lanes whose bits are set in the low sixteen bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Mask32(uint mask) =>
        Vector512.Equals(Vector512.Create(mask) & Bits16, Bits16);

    /// <summary>All ones in the lanes whose bits are set in the low eight bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Mask64(uint mask) =>
        Vector512.Equals(Vector512.Create((ulong)mask) & Bits8, Bits8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(byte* slot, uint mask, Vector512<uint> low, Vector512<uint> high)
    {
        if (mask != All)
        {
            low = Vector512.ConditionalSelect(Mask32(mask), low, Vector512.Load((uint*)slot));
            high = Vector512.ConditionalSelect(Mask32(mask >> 16), high, Vector512.Load((uint*)slot + 16));
        }

        low.Store((uint*)slot);
        high.Store((uint*)slot + 16);
    }

    /// <summary>Stores eight lanes of a 64-bit register, selected by the low eight bits of the mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store8(ulong* slot, uint mask, Vector512<ulong> value)
    {
        if ((mask & 0xFF) != 0xFF)
            value = Vector512.ConditionalSelect(Mask64(mask), value, Vector512.Load(slot));
        value.Store(slot);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePredicate(byte* slot, uint mask, uint bits) =>
        *(uint*)slot = (*(uint*)slot & ~mask) | (bits & mask);
}
