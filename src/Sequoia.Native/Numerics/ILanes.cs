namespace Sequoia.Native.Numerics;

/// <summary>
/// Sixteen fp32 lanes. Every CPU kernel is written once over this interface and instantiated per instruction set,
/// so that all kernel tables give the same bits: sixteen lanes everywhere, fused multiply-adds everywhere, and one
/// fixed tree for the sum over the lanes.
/// </summary>
internal unsafe interface ILanes<T> where T : unmanaged, ILanes<T>
{
    static abstract T Zero { get; }

    static abstract T Broadcast(float value);

    static abstract T Load(float* source);

    static abstract void Store(T value, float* destination);

    /// <summary>Sixteen IEEE half floats, widened exactly.</summary>
    static abstract T LoadHalf(ushort* source);

    /// <summary>Elements 0, 2, 4, ... 30 of 32 bfloat16. Splitting by parity costs one shift a vector, no shuffle.</summary>
    static abstract T LoadBFloat16Even(ushort* source);

    /// <summary>Elements 1, 3, 5, ... 31 of 32 bfloat16.</summary>
    static abstract T LoadBFloat16Odd(ushort* source);

    /// <summary>Sixteen unsigned integers, rounded to the nearest float.</summary>
    static abstract T ConvertUInt32(uint* source);

    /// <summary>a * b + c with one rounding.</summary>
    static abstract T FusedMultiplyAdd(T a, T b, T c);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    /// <summary>a &gt; b ? a : b in each lane.</summary>
    static abstract T Max(T a, T b);

    /// <summary>a &lt; b ? a : b in each lane.</summary>
    static abstract T Min(T a, T b);

    static abstract T Abs(T a);

    /// <summary>x &lt; limit ? below : otherwise in each lane.</summary>
    static abstract T SelectLess(T x, T limit, T below, T otherwise);

    /// <summary>Bit i is set where lane i of a is greater than lane i of b.</summary>
    static abstract uint MaskGreater(T a, T b);

    /// <summary>Adds the low bits of <paramref name="power"/> to the exponent: p * 2^k for power = k + 1.5 * 2^23.</summary>
    static abstract T ScaleByPower(T p, T power);

    /// <summary>e with x = m * 2^e and m in [2/3, 4/3), for positive normal x.</summary>
    static abstract T Exponent(T x);

    /// <summary>m of <see cref="Exponent"/>.</summary>
    static abstract T Mantissa(T x);

    /// <summary>Sum over the lanes: lane i with i + 8, then 4, 2, 1 apart.</summary>
    static abstract float Sum(T value);

    /// <summary>y[0..3] = (or += if <paramref name="add"/>) the four <see cref="Sum"/>s, with the same bits at less than half the cost.</summary>
    static abstract void SumFour(T a, T b, T c, T d, float* y, bool add);

    /// <summary>The largest lane.</summary>
    static abstract float Largest(T value);
}

internal static class HalfFloat
{
    /// <summary>2^112 = 2^(127 - 15): scales a half's exponent bits, read as a float's, to their value.</summary>
    public const float Rebias = 5.192296858534828e33f;
}
