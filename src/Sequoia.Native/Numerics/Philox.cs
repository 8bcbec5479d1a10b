using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sequoia.Native.Numerics;

/// <summary>
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a counter-based generator, so that a
/// number depends on its purpose and never on threads, blocks or call order.
/// </summary>
internal static unsafe class Philox
{
    private const uint M0 = 0xD2511F53, M1 = 0xCD9E8D57, W0 = 0x9E3779B9, W1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>The block of four numbers for one counter.</summary>
    public static (uint X0, uint X1, uint X2, uint X3) Block(ulong key, uint c0, uint c1, uint c2, uint c3)
    {
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            ulong p0 = (ulong)M0 * c0, p1 = (ulong)M1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += W0;
            k1 += W1;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>
    /// Numbers for tokens 0 .. count-1: token t takes output t % 4 of the block with counter (t / 4, c1, c2, c3).
    /// <paramref name="destination"/> has room for <paramref name="count"/> rounded up to a multiple of 32.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(uint* destination, int count, ulong key, uint c1, uint c2, uint c3) =>
        Fill(destination, count, key, c1, c2, c3, Avx512F.IsSupported);

    /// <summary>The same, but the caller chooses the vector form: both give the same numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Fill(uint* destination, int count, ulong key, uint c1, uint c2, uint c3, bool vectors)
    {
        int blocks = (count + 3) / 4, block = 0;
        if (vectors)
        {
            for (; block < blocks; block += 8)
                EightBlocks(destination + (4 * block), (uint)block, key, c1, c2, c3);
        }
        for (; block < blocks; block++)
        {
            uint* four = destination + (4 * block);
            (four[0], four[1], four[2], four[3]) = Block(key, (uint)block, c1, c2, c3);
        }
    }

    /// <summary>Eight consecutive counters at once, one per 64-bit lane (the multiplier takes 32-bit halves of 64-bit lanes).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightBlocks(uint* destination, uint block, ulong key, uint c1, uint c2, uint c3)
    {
        Vector512<ulong> low = Vector512.Create(0xFFFFFFFFul);
        Vector512<ulong> x0 = Vector512.Create((ulong)block) + Vector512.Create(0ul, 1, 2, 3, 4, 5, 6, 7);
        Vector512<ulong> x1 = Vector512.Create((ulong)c1), x2 = Vector512.Create((ulong)c2), x3 = Vector512.Create((ulong)c3);
        Vector512<uint> m0 = Vector512.Create((ulong)M0).AsUInt32(), m1 = Vector512.Create((ulong)M1).AsUInt32();
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            Vector512<ulong> p0 = Avx512F.Multiply(x0.AsUInt32(), m0), p1 = Avx512F.Multiply(x2.AsUInt32(), m1);
            x0 = (p1 >> 32) ^ x1 ^ Vector512.Create((ulong)k0);
            x2 = (p0 >> 32) ^ x3 ^ Vector512.Create((ulong)k1);
            x1 = p1 & low;
            x3 = p0 & low;
            k0 += W0;
            k1 += W1;
        }
        // Each 64-bit lane holds a pair of a block's numbers; the permutations store the blocks in order.
        Vector512<ulong> first = x0 | (x1 << 32), second = x2 | (x3 << 32);
        Vector512<ulong> lowBlocks = Avx512F.PermuteVar8x64x2(first, Vector512.Create(0ul, 8, 1, 9, 2, 10, 3, 11), second);
        Vector512<ulong> highBlocks = Avx512F.PermuteVar8x64x2(first, Vector512.Create(4ul, 12, 5, 13, 6, 14, 7, 15), second);
        lowBlocks.Store((ulong*)destination);
        highBlocks.Store((ulong*)destination + 8);
    }
}
