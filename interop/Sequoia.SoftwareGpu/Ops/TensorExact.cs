using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>The accumulation arithmetic of a tensor core generation.</summary>
internal interface ITensorSum
{
    /// <summary>The number of bits kept below the leading bit of the largest term.</summary>
    static abstract int FractionBits { get; }

    /// <summary>The number of 16-bit products summed at once.</summary>
    static abstract int Terms { get; }
}

internal readonly struct AmpereSum : ITensorSum
{
    public static int FractionBits => 24;

    public static int Terms => 8;
}

internal readonly struct HopperSum : ITensorSum
{
    public static int FractionBits => 25;

    public static int Terms => 16;
}

/// <summary>
/// mma with the arithmetic of tensor cores. Products are exact, all terms are aligned to the largest exponent and truncated there, the integer sum
/// is exact, and the result is truncated to single. Based on "MMA-Sim", arXiv 2511.10909.
/// </summary>
internal static unsafe class TensorExact
{
    public static void RunHalf<TFormat, TChunks, TSum>(Warp w, Inst* i, uint m)
        where TFormat : struct, ITensorFormat
        where TChunks : struct, IChunks
        where TSum : struct, ITensorSum => Multiply<TFormat, TChunks, TSum>(w.Registers, i->Extra);

    /// <summary>The product of the registers in these slots.</summary>
    public static void Multiply<TFormat, TChunks, TSum>(byte* r, int* slots)
        where TFormat : struct, ITensorFormat
        where TChunks : struct, IChunks
        where TSum : struct, ITensorSum
    {
        int chunks = TChunks.Count, depth = 8 * chunks;
        float* c = stackalloc float[128];
        int sum = 4 + (3 * chunks);
        Tensor.Interleave((uint*)(r + slots[sum]), (uint*)(r + slots[sum + 1]), c);
        Tensor.Interleave((uint*)(r + slots[sum + 2]), (uint*)(r + slots[sum + 3]), c + 64);
        if (!TensorColumns.TryMultiply<TFormat, TChunks, TSum>(r, slots, c))
        {
            Span<FloatParts> a = stackalloc FloatParts[16 * 16], b = stackalloc FloatParts[8 * 16];
            for (int lane = 0; lane < 32; lane++)
            {
                int group = lane / 4, first = 2 * (lane % 4);
                for (int k = 0; k < 2 * chunks; k++)
                {
                    uint bits = ((uint*)(r + slots[4 + k]))[lane];
                    int at = ((group + (8 * (k & 1))) * depth) + first + (8 * (k >> 1));
                    a[at] = TFormat.Split(bits & 0xFFFF);
                    a[at + 1] = TFormat.Split(bits >> 16);
                }

                for (int k = 0; k < chunks; k++)
                {
                    uint bits = ((uint*)(r + slots[4 + (2 * chunks) + k]))[lane];
                    int at = (group * depth) + first + (8 * k);
                    b[at] = TFormat.Split(bits & 0xFFFF);
                    b[at + 1] = TFormat.Split(bits >> 16);
                }
            }

            Multiply<TSum>(a, b, c, depth, int.Min(depth, TSum.Terms));
        }

        Tensor.StoreTiles(r, slots, c);
    }

    public static void RunTf32<TSum>(Warp w, Inst* i, uint m)
        where TSum : struct, ITensorSum
    {
        float* left = stackalloc float[128];
        float* right = stackalloc float[64];
        float* c = stackalloc float[128];
        Tensor.LoadTf32(w, i, left, right, c);
        Span<FloatParts> a = stackalloc FloatParts[128], b = stackalloc FloatParts[64];
        for (int k = 0; k < 128; k++)
            a[k] = Reduced(left[k]);
        for (int k = 0; k < 64; k++)
            b[k] = Reduced(right[(8 * (k % 8)) + (k / 8)]);

        // With 32-bit operands, half as many products are summed at once.
        Multiply<TSum>(a, b, c, 8, TSum.Terms / 2);
        Tensor.StoreTiles(w.Registers, i->Extra, c);
    }

    /// <summary>The eleven significand bits of tf32.</summary>
    private static FloatParts Reduced(float value) => FloatParts.Of(BitConverter.SingleToUInt32Bits(value) >> 13, 8, 10);

    /// <summary>A is row-major, B is column-major, C is row-major.</summary>
    private static void Multiply<TSum>(ReadOnlySpan<FloatParts> a, ReadOnlySpan<FloatParts> b, float* c, int depth, int terms)
        where TSum : struct, ITensorSum
    {
        for (int row = 0; row < 16; row++)
        {
            for (int column = 0; column < 8; column++)
            {
                float total = c[(8 * row) + column];
                for (int first = 0; first < depth; first += terms)
                {
                    total = Sum(
                        a.Slice((row * depth) + first, terms), b.Slice((column * depth) + first, terms), total, TSum.FractionBits);
                }

                c[(8 * row) + column] = total;
            }
        }
    }

    private static float Sum(ReadOnlySpan<FloatParts> a, ReadOnlySpan<FloatParts> b, float addend, int fractionBits)
    {
        FloatParts c = FloatParts.OfSingle(addend);
        int largest = c.Significand == 0 ? int.MinValue : c.Exponent;
        bool isSpecial = c.IsNaN | c.IsInfinite;
        for (int k = 0; k < a.Length; k++)
        {
            isSpecial |= a[k].IsNaN | a[k].IsInfinite | b[k].IsNaN | b[k].IsInfinite;
            if (a[k].Significand != 0 && b[k].Significand != 0)
                largest = int.Max(largest, a[k].Exponent + b[k].Exponent);
        }

        if (isSpecial)
            return SpecialSum(a, b, c);
        if (largest == int.MinValue)
            return 0;
        long sum = Align(c.Significand, c.FractionBits, c.Exponent - largest, fractionBits, c.IsNegative);
        for (int k = 0; k < a.Length; k++)
        {
            sum += Align(
                (ulong)a[k].Significand * b[k].Significand, a[k].FractionBits + b[k].FractionBits,
                a[k].Exponent + b[k].Exponent - largest, fractionBits, a[k].IsNegative ^ b[k].IsNegative);
        }

        return Truncate(Math.ScaleB(sum, largest - fractionBits));
    }

    /// <summary>A term in units of the last kept bit. Lower bits are dropped.</summary>
    private static long Align(ulong significand, int fractionBits, int exponent, int keptBits, bool isNegative)
    {
        if (significand == 0)
            return 0;
        int shift = keptBits - fractionBits + exponent;
        ulong magnitude = shift >= 0 ? significand << shift : shift > -64 ? significand >> -shift : 0;
        return isNegative ? -(long)magnitude : (long)magnitude;
    }

    private static float Truncate(double value)
    {
        if (Math.Abs(value) >= 3.402823669209385e38)
            return value > 0 ? float.PositiveInfinity : float.NegativeInfinity;
        float nearest = (float)value;
        return Math.Abs((double)nearest) > Math.Abs(value)
            ? BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(nearest) - 1)
            : nearest;
    }

    private static float SpecialSum(ReadOnlySpan<FloatParts> a, ReadOnlySpan<FloatParts> b, FloatParts c)
    {
        bool isNaN = c.IsNaN, plus = c.IsInfinite && !c.IsNegative, minus = c.IsInfinite && c.IsNegative;
        for (int k = 0; k < a.Length; k++)
        {
            bool isInfinite = a[k].IsInfinite || b[k].IsInfinite;
            bool isZero = (!a[k].IsInfinite && a[k].Significand == 0) || (!b[k].IsInfinite && b[k].Significand == 0);
            isNaN |= a[k].IsNaN || b[k].IsNaN || (isInfinite && isZero);
            bool isNegative = a[k].IsNegative ^ b[k].IsNegative;
            plus |= isInfinite && !isNegative;
            minus |= isInfinite && isNegative;
        }

        if (isNaN || (plus && minus))
            return BitConverter.UInt32BitsToSingle(0x7FFF_FFFF);
        return plus ? float.PositiveInfinity : float.NegativeInfinity;
    }
}
