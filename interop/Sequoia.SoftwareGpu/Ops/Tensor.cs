using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>The format of mma's operands, two per register.</summary>
internal interface ITensorFormat
{
    static abstract Vector512<float> ToSingle(Vector512<uint> bits);

    /// <summary>The exponent of the smallest normal number.</summary>
    static abstract int LeastExponent { get; }

    /// <summary>The significand and exponent, as used by the exact sum.</summary>
    static abstract FloatParts Split(uint bits);
}

internal readonly struct TensorF16 : ITensorFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToSingle(Vector512<uint> bits) => F16.ToSingle(bits);

    public static int LeastExponent => -14;

    public static FloatParts Split(uint bits) => FloatParts.Of(bits, 5, 10);
}

internal readonly struct TensorBF16 : ITensorFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToSingle(Vector512<uint> bits) => BF16.ToSingle(bits);

    public static int LeastExponent => -126;

    public static FloatParts Split(uint bits) => FloatParts.Of(bits, 8, 7);
}

/// <summary>The depth as a multiple of eight terms: m16n8k8 or m16n8k16.</summary>
internal interface IChunks
{
    static abstract int Count { get; }
}

internal readonly struct OneChunk : IChunks
{
    public static int Count => 1;
}

internal readonly struct TwoChunks : IChunks
{
    public static int Count => 2;
}

/// <summary>
/// mma in single precision. An unpacked register of A is a row-major 8x8 tile, and a register of B is a column-major tile. Two registers of C or D
/// are a row-major tile. Extra contains D, A, B, C.
/// </summary>
internal static unsafe class Tensor
{
    public static void RunHalf<TFormat, TChunks>(Warp w, Inst* i, uint m)
        where TFormat : struct, ITensorFormat
        where TChunks : struct, IChunks => Multiply<TFormat, TChunks>(w.Registers, i->Extra);

    /// <summary>The product of the registers in these slots.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TFormat, TChunks>(byte* r, int* slots)
        where TFormat : struct, ITensorFormat
        where TChunks : struct, IChunks
    {
        int chunks = TChunks.Count;
        float* a = stackalloc float[64 * 4];
        float* b = stackalloc float[64 * 2];
        float* c = stackalloc float[128];
        UnpackFactors<TFormat, TChunks>(r, slots, a, b);
        int sum = 4 + (3 * chunks);
        for (int half = 0; half < 2; half++)
        {
            float* tile = c + (64 * half);
            Interleave((uint*)(r + slots[sum + (2 * half)]), (uint*)(r + slots[sum + (2 * half) + 1]), tile);
            for (int row = 0; row < 8; row++)
            {
                Vector256<float> total = Vector256.Load(tile + (8 * row));
                for (int k = 0; k < chunks; k++)
                {
                    float* factors = a + (64 * ((2 * k) + half)) + (8 * row);
                    float* columns = b + (64 * k);
                    for (int term = 0; term < 8; term++)
                        total = Vector256.FusedMultiplyAdd(Vector256.Create(factors[term]), Vector256.Load(columns + (8 * term)), total);
                }

                total.Store(tile + (8 * row));
            }
        }

        StoreTiles(r, slots, c);
    }

    /// <summary>A as row-major 8 x 8 tiles, with those of rows 0 to 7 and rows 8 to 15 alternating. B as row-major tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UnpackFactors<TFormat, TChunks>(byte* r, int* slots, float* a, float* b)
        where TFormat : struct, ITensorFormat
        where TChunks : struct, IChunks
    {
        int chunks = TChunks.Count;
        float* column = stackalloc float[64];
        for (int k = 0; k < 2 * chunks; k++)
            Unpack<TFormat>((uint*)(r + slots[4 + k]), a + (64 * k));
        for (int k = 0; k < chunks; k++)
        {
            Unpack<TFormat>((uint*)(r + slots[4 + (2 * chunks) + k]), column);
            Transpose(column, b + (64 * k));
        }
    }

    /// <summary>m16n8k8 with 19-bit operands. The low bits of the registers are ignored.</summary>
    public static void RunTf32(Warp w, Inst* i, uint m)
    {
        float* a = stackalloc float[128];
        float* b = stackalloc float[64];
        float* c = stackalloc float[128];
        LoadTf32(w, i, a, b, c);
        for (int row = 0; row < 16; row++)
        {
            Vector256<float> total = Vector256.Load(c + (8 * row));
            for (int k = 0; k < 8; k++)
                total = Vector256.FusedMultiplyAdd(Vector256.Create(a[(8 * row) + k]), Vector256.Load(b + (8 * k)), total);
            total.Store(c + (8 * row));
        }

        StoreTiles(w.Registers, i->Extra, c);
    }

    /// <summary>A is 16x8, B is 8x8, both row-major. C is 16x8.</summary>
    public static void LoadTf32(Warp w, Inst* i, float* a, float* b, float* c)
    {
        byte* r = w.Registers;
        int* slots = i->Extra;
        for (int lane = 0; lane < 32; lane++)
        {
            int group = lane / 4, thread = lane % 4;
            a[(8 * group) + thread] = Cut(r, slots[4], lane);
            a[(8 * (group + 8)) + thread] = Cut(r, slots[5], lane);
            a[(8 * group) + thread + 4] = Cut(r, slots[6], lane);
            a[(8 * (group + 8)) + thread + 4] = Cut(r, slots[7], lane);
            b[(8 * thread) + group] = Cut(r, slots[8], lane);
            b[(8 * (thread + 4)) + group] = Cut(r, slots[9], lane);
        }

        Interleave((uint*)(r + slots[10]), (uint*)(r + slots[11]), c);
        Interleave((uint*)(r + slots[12]), (uint*)(r + slots[13]), c + 64);
    }

    public static void StoreTiles(byte* r, int* slots, float* c)
    {
        for (int half = 0; half < 2; half++)
        {
            ulong* pairs = (ulong*)(c + (64 * half));
            uint* d0 = (uint*)(r + slots[2 * half]), d1 = (uint*)(r + slots[(2 * half) + 1]);
            for (int lane = 0; lane < 32; lane++)
            {
                d0[lane] = (uint)pairs[lane];
                d1[lane] = (uint)(pairs[lane] >> 32);
            }
        }
    }

    /// <summary>Two registers of one tile. Lane l has the elements 2l and 2l + 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(uint* low, uint* high, float* tile)
    {
        ulong* pairs = (ulong*)tile;
        for (int lane = 0; lane < 32; lane += 8)
            IntOps.Pack64.Apply(Vector256.Load(low + lane), Vector256.Load(high + lane)).Store(pairs + lane);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack<TFormat>(uint* packed, float* tile)
        where TFormat : struct, ITensorFormat
    {
        Vector512<uint> mask = Vector512.Create(0xFFFFu);
        uint* low = stackalloc uint[32];
        uint* high = stackalloc uint[32];
        for (int lane = 0; lane < 32; lane += 16)
        {
            Vector512<uint> bits = Vector512.Load(packed + lane);
            TFormat.ToSingle(bits & mask).AsUInt32().Store(low + lane);
            TFormat.ToSingle(bits >> 16).AsUInt32().Store(high + lane);
        }

        Interleave(low, high, tile);
    }

    private static void Transpose(float* from, float* to)
    {
        for (int row = 0; row < 8; row++)
        {
            for (int column = 0; column < 8; column++)
                to[(8 * column) + row] = from[(8 * row) + column];
        }
    }

    private static float Cut(byte* r, int slot, int lane) =>
        BitConverter.UInt32BitsToSingle(((uint*)(r + slot))[lane] & 0xFFFF_E000);
}
