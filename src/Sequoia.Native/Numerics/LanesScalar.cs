using System.Runtime.CompilerServices;

namespace Sequoia.Native.Numerics;

/// <summary>Sixteen lanes as plain floats: runs on any processor, and is the reference in tests of the vector versions.</summary>
[InlineArray(Count)]
internal unsafe struct LanesScalar : ILanes<LanesScalar>
{
    private const int Count = 16;
    private float _first;

    public static LanesScalar Zero => default;

    public static LanesScalar Broadcast(float value)
    {
        LanesScalar r = default;
        for (int i = 0; i < Count; i++) r[i] = value;
        return r;
    }

    public static LanesScalar Load(float* source)
    {
        LanesScalar r = default;
        for (int i = 0; i < Count; i++) r[i] = source[i];
        return r;
    }

    public static void Store(LanesScalar value, float* destination)
    {
        for (int i = 0; i < Count; i++) destination[i] = value[i];
    }

    public static LanesScalar LoadHalf(ushort* source)
    {
        LanesScalar r = default;
        for (int i = 0; i < Count; i++) r[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
        return r;
    }

    public static LanesScalar LoadBFloat16Even(ushort* source)
    {
        LanesScalar r = default;
        for (int i = 0; i < Count; i++) r[i] = BitConverter.UInt32BitsToSingle((uint)source[2 * i] << 16);
        return r;
    }

    public static LanesScalar LoadBFloat16Odd(ushort* source) => LoadBFloat16Even(source + 1);

    public static LanesScalar ConvertUInt32(uint* source)
    {
        LanesScalar r = default;
        for (int i = 0; i < Count; i++) r[i] = source[i];
        return r;
    }

    public static LanesScalar FusedMultiplyAdd(LanesScalar a, LanesScalar b, LanesScalar c)
    {
        for (int i = 0; i < Count; i++) c[i] = MathF.FusedMultiplyAdd(a[i], b[i], c[i]);
        return c;
    }

    public static LanesScalar operator +(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < Count; i++) a[i] += b[i];
        return a;
    }

    public static LanesScalar operator -(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < Count; i++) a[i] -= b[i];
        return a;
    }

    public static LanesScalar operator *(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < Count; i++) a[i] *= b[i];
        return a;
    }

    public static LanesScalar operator /(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < Count; i++) a[i] /= b[i];
        return a;
    }

    public static LanesScalar Max(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < Count; i++) a[i] = a[i] > b[i] ? a[i] : b[i];
        return a;
    }

    public static LanesScalar Min(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < Count; i++) a[i] = a[i] < b[i] ? a[i] : b[i];
        return a;
    }

    public static LanesScalar Abs(LanesScalar a)
    {
        for (int i = 0; i < Count; i++) a[i] = MathF.Abs(a[i]);
        return a;
    }

    public static LanesScalar SelectLess(LanesScalar x, LanesScalar limit, LanesScalar below, LanesScalar otherwise)
    {
        for (int i = 0; i < Count; i++) x[i] = x[i] < limit[i] ? below[i] : otherwise[i];
        return x;
    }

    public static uint MaskGreater(LanesScalar a, LanesScalar b)
    {
        uint mask = 0;
        for (int i = 0; i < Count; i++) mask |= a[i] > b[i] ? 1u << i : 0;
        return mask;
    }

    public static LanesScalar ScaleByPower(LanesScalar p, LanesScalar power)
    {
        for (int i = 0; i < Count; i++)
            p[i] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(p[i]) + (BitConverter.SingleToInt32Bits(power[i]) << 23));
        return p;
    }

    public static LanesScalar Exponent(LanesScalar x)
    {
        for (int i = 0; i < Count; i++) x[i] = (BitConverter.SingleToInt32Bits(x[i]) - LogBits.TwoThirds) >> 23;
        return x;
    }

    public static LanesScalar Mantissa(LanesScalar x)
    {
        for (int i = 0; i < Count; i++)
        {
            int bits = BitConverter.SingleToInt32Bits(x[i]);
            x[i] = BitConverter.Int32BitsToSingle(bits - ((bits - LogBits.TwoThirds) & LogBits.ExponentMask));
        }
        return x;
    }

    public static float Sum(LanesScalar value)
    {
        for (int step = Count / 2; step > 0; step /= 2)
        {
            for (int i = 0; i < step; i++) value[i] += value[i + step];
        }
        return value[0];
    }

    public static void SumFour(LanesScalar a, LanesScalar b, LanesScalar c, LanesScalar d, float* y, bool add)
    {
        (float s0, float s1, float s2, float s3) = (Sum(a), Sum(b), Sum(c), Sum(d));
        (y[0], y[1], y[2], y[3]) = add ? (y[0] + s0, y[1] + s1, y[2] + s2, y[3] + s3) : (s0, s1, s2, s3);
    }

    public static float Largest(LanesScalar value)
    {
        float largest = value[0];
        for (int i = 1; i < Count; i++) largest = largest > value[i] ? largest : value[i];
        return largest;
    }
}
