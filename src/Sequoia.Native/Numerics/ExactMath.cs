using System.Runtime.CompilerServices;

namespace Sequoia.Native.Numerics;

/// <summary>
/// Exponential and logarithm made of additions, fused multiply-adds and integer shifts only: the same bits on every IEEE
/// machine, whatever its vector width (docs/architecture.md, numerics). Polynomials: our own minimax fits, errors in the tests.
/// </summary>
internal static class ExactMath
{
    private const float Ln2High = 0.693145752f;
    private const float Ln2Low = 1.42860677e-6f;

    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    private const float RoundingMagic = 12582912f;

    /// <summary>e^x for x &lt;= 0; 0 below -87, so that no result is subnormal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x) where T : unmanaged, ILanes<T>
    {
        T magic = T.Broadcast(RoundingMagic);
        T power = T.FusedMultiplyAdd(x, T.Broadcast(1.44269504f), magic);
        T k = power - magic;
        T r = T.FusedMultiplyAdd(k, T.Broadcast(-Ln2High), x);
        r = T.FusedMultiplyAdd(k, T.Broadcast(-Ln2Low), r);
        T p = T.FusedMultiplyAdd(T.Broadcast(0.00138146023f), r, T.Broadcast(0.00836871564f));
        p = T.FusedMultiplyAdd(p, r, T.Broadcast(0.041668389f));
        p = T.FusedMultiplyAdd(p, r, T.Broadcast(0.16666521f));
        p = T.FusedMultiplyAdd(p, r, T.Broadcast(0.49999994f));
        p = T.FusedMultiplyAdd(p, r, T.Broadcast(1f));
        p = T.FusedMultiplyAdd(p, r, T.Broadcast(1f));
        return T.SelectLess(x, T.Broadcast(-87f), T.Zero, T.ScaleByPower(p, power));
    }

    /// <summary>log x for positive normal x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log<T>(T x) where T : unmanaged, ILanes<T> =>
        LogOf(T.Mantissa(x) - T.Broadcast(1f), T.Exponent(x));

    /// <summary>-log(1 - u) for u in (0, 1 - 2^-24], with full relative accuracy near 0, where exponential races are decided.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T NegativeLog1m<T>(T u) where T : unmanaged, ILanes<T>
    {
        T y = T.Broadcast(1f) - u;
        T exponent = T.Exponent(y);
        // With exponent 0 (u <= 1/3), log1p of the unrounded -u keeps the digits that 1 - u loses.
        T f = T.SelectLess(exponent, T.Zero, T.Mantissa(y) - T.Broadcast(1f), T.Zero - u);
        return T.Zero - LogOf(f, exponent);
    }

    /// <summary>log(1 + f) + exponent * log 2 for f in [-1/3, 1/3].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LogOf<T>(T f, T exponent) where T : unmanaged, ILanes<T>
    {
        T p = T.FusedMultiplyAdd(T.Broadcast(-0.128916785f), f, T.Broadcast(0.139844373f));
        p = T.FusedMultiplyAdd(p, f, T.Broadcast(-0.121842623f));
        p = T.FusedMultiplyAdd(p, f, T.Broadcast(0.140058696f));
        p = T.FusedMultiplyAdd(p, f, T.Broadcast(-0.166804865f));
        p = T.FusedMultiplyAdd(p, f, T.Broadcast(0.200104058f));
        p = T.FusedMultiplyAdd(p, f, T.Broadcast(-0.249997973f));
        p = T.FusedMultiplyAdd(p, f, T.Broadcast(0.333332151f));
        T square = f * f;
        // log(1 + f) = f + f^2 (f P(f) - 1/2); the exponent's part is added in two pieces, the small one first.
        T tail = T.FusedMultiplyAdd(f, p, T.Broadcast(-0.5f));
        T low = T.FusedMultiplyAdd(exponent, T.Broadcast(Ln2Low), square * tail);
        return T.FusedMultiplyAdd(exponent, T.Broadcast(Ln2High), f + low);
    }
}

/// <summary>How a float is split for the logarithm: x = m * 2^e with m in [2/3, 4/3), so that log m is near zero at both ends.</summary>
internal static class LogBits
{
    /// <summary>The bits of 2/3 rounded up: the subtraction carries into the exponent field exactly when m reaches 4/3.</summary>
    public const int TwoThirds = 0x3F2AAAAB;

    public const int ExponentMask = unchecked((int)0xFF800000);
}
