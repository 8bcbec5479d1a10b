using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>Moves four words per lane between memory and four registers: 4x4 transposes, four lanes at a time.</summary>
internal static unsafe class Quads
{
    /// <summary>Sixteen lanes that are adjacent in memory, to the same half of four registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadRow(byte* host, byte* registers, int* slots, int offset)
    {
        Vector512<uint> a = Vector512.Load((uint*)host), b = Vector512.Load((uint*)host + 16);
        Vector512<uint> c = Vector512.Load((uint*)host + 32), d = Vector512.Load((uint*)host + 48);

        // First separate the even and odd elements of each pair of vectors, then repeat: four strides of four.
        Vector512<uint> even = Vector512.Create(0u, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        Vector512<uint> odd = even + Vector512<uint>.One;
        Vector512<uint> evenLow = Avx512F.PermuteVar16x32x2(a, even, b), evenHigh = Avx512F.PermuteVar16x32x2(c, even, d);
        Vector512<uint> oddLow = Avx512F.PermuteVar16x32x2(a, odd, b), oddHigh = Avx512F.PermuteVar16x32x2(c, odd, d);
        Avx512F.PermuteVar16x32x2(evenLow, even, evenHigh).Store((uint*)(registers + slots[0] + offset));
        Avx512F.PermuteVar16x32x2(oddLow, even, oddHigh).Store((uint*)(registers + slots[1] + offset));
        Avx512F.PermuteVar16x32x2(evenLow, odd, evenHigh).Store((uint*)(registers + slots[2] + offset));
        Avx512F.PermuteVar16x32x2(oddLow, odd, oddHigh).Store((uint*)(registers + slots[3] + offset));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* host, long* delta, uint* d0, uint* d1, uint* d2, uint* d3)
    {
        for (int lane = 0; lane < 32; lane += 4)
        {
            Vector128<uint> a = Vector128.Load((uint*)(host + delta[lane]));
            Vector128<uint> b = Vector128.Load((uint*)(host + delta[lane + 1]));
            Vector128<uint> c = Vector128.Load((uint*)(host + delta[lane + 2]));
            Vector128<uint> d = Vector128.Load((uint*)(host + delta[lane + 3]));
            Transpose(ref a, ref b, ref c, ref d);
            a.Store(d0 + lane);
            b.Store(d1 + lane);
            c.Store(d2 + lane);
            d.Store(d3 + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(byte* host, long* delta, uint* d0, uint* d1, uint* d2, uint* d3)
    {
        for (int lane = 0; lane < 32; lane += 4)
        {
            Vector128<uint> a = Vector128.Load(d0 + lane);
            Vector128<uint> b = Vector128.Load(d1 + lane);
            Vector128<uint> c = Vector128.Load(d2 + lane);
            Vector128<uint> d = Vector128.Load(d3 + lane);
            Transpose(ref a, ref b, ref c, ref d);
            a.Store((uint*)(host + delta[lane]));
            b.Store((uint*)(host + delta[lane + 1]));
            c.Store((uint*)(host + delta[lane + 2]));
            d.Store((uint*)(host + delta[lane + 3]));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d)
    {
        Vector128<ulong> ab0 = UnpackLow(a, b).AsUInt64();
        Vector128<ulong> ab1 = UnpackHigh(a, b).AsUInt64();
        Vector128<ulong> cd0 = UnpackLow(c, d).AsUInt64();
        Vector128<ulong> cd1 = UnpackHigh(c, d).AsUInt64();
        a = Vector128.Create(ab0.GetLower(), cd0.GetLower()).AsUInt32();
        b = Vector128.Create(ab0.GetUpper(), cd0.GetUpper()).AsUInt32();
        c = Vector128.Create(ab1.GetLower(), cd1.GetLower()).AsUInt32();
        d = Vector128.Create(ab1.GetUpper(), cd1.GetUpper()).AsUInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> UnpackLow(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> UnpackHigh(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);
}
