namespace Sequoia.SoftwareGpu.Ops;

/// <summary>A float as sign, integer significand and the exponent of its leading bit. Subnormals are not normalized.</summary>
internal readonly record struct FloatParts(bool IsNegative, uint Significand, int Exponent, int FractionBits, bool IsInfinite, bool IsNaN)
{
    public static FloatParts Of(uint bits, int exponentBits, int mantissaBits)
    {
        int bias = (1 << (exponentBits - 1)) - 1;
        uint mantissa = bits & ((1u << mantissaBits) - 1);
        int field = (int)(bits >> mantissaBits) & ((1 << exponentBits) - 1);
        bool isNegative = (bits >> (exponentBits + mantissaBits) & 1) != 0;
        if (field == (1 << exponentBits) - 1)
            return new FloatParts(isNegative, 0, 0, mantissaBits, mantissa == 0, mantissa != 0);
        return field == 0
            ? new FloatParts(isNegative, mantissa, 1 - bias, mantissaBits, false, false)
            : new FloatParts(isNegative, mantissa | (1u << mantissaBits), field - bias, mantissaBits, false, false);
    }

    public static FloatParts OfSingle(float value) => Of(BitConverter.SingleToUInt32Bits(value), 8, 23);
}
