using System.Numerics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>
/// The rounding error of a fused multiply-add of doubles. It uses big integers: the instruction is rare, and no fixed number of doubles represents
/// the error in every case.
/// </summary>
internal static class FusedError
{
    /// <summary>The sign of a * b + c - rounded.</summary>
    public static int Sign(double a, double b, double c, double rounded)
    {
        (BigInteger x, int xExponent) = Split(a);
        (BigInteger y, int yExponent) = Split(b);
        (BigInteger z, int zExponent) = Split(c);
        (BigInteger r, int rExponent) = Split(rounded);
        int product = xExponent + yExponent, lowest = int.Min(product, int.Min(zExponent, rExponent));
        return ((x * y << (product - lowest)) + (z << (zExponent - lowest)) - (r << (rExponent - lowest))).Sign;
    }

    private static (BigInteger Mantissa, int Exponent) Split(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> 52) & 0x7FF;
        long mantissa = (bits & 0xF_FFFF_FFFF_FFFF) | (exponent == 0 ? 0 : 1L << 52);
        return (bits < 0 ? -mantissa : mantissa, int.Max(exponent, 1) - 1075);
    }
}
