namespace Sequoia.SoftwareGpu.Ops;

internal enum RoundingMode : byte
{
    Nearest,
    TowardZero,
    TowardMinus,
    TowardPlus,

    /// <summary>Rounds to nearest, with ties away from zero (cvt.rna).</summary>
    NearestAway,
}

/// <summary>A binary floating-point format of at most 32 bits, and exact conversion to and from double.</summary>
internal readonly record struct FloatFormat(int ExponentBits, int MantissaBits)
{
    public static readonly FloatFormat Single = new(8, 23);
    public static readonly FloatFormat Half = new(5, 10);
    public static readonly FloatFormat BFloat16 = new(8, 7);

    private int Bias => (1 << (ExponentBits - 1)) - 1;

    private int SignShift => ExponentBits + MantissaBits;

    /// <summary>Rounds once. NaN becomes the canonical NaN, with all bits set except the sign.</summary>
    public uint Encode(double value, RoundingMode mode)
    {
        uint sign = double.IsNegative(value) ? 1u << SignShift : 0;
        if (double.IsNaN(value))
            return (1u << SignShift) - 1;
        uint infinity = ((1u << ExponentBits) - 1) << MantissaBits;
        if (double.IsInfinity(value))
            return sign | infinity;
        double magnitude = Math.Abs(value);
        if (magnitude == 0)
            return sign;

        // Scaling by powers of two is exact, so the only rounding is to an integer multiple of the format's quantum.
        int exponent = int.Max(Math.ILogB(magnitude), 1 - Bias);
        double scaled = Math.ScaleB(magnitude, MantissaBits - exponent);
        double count = RoundMagnitude(scaled, mode, double.IsNegative(value));
        ulong bits = ((ulong)(exponent + Bias - 1) << MantissaBits) + (ulong)count;
        if (bits >= infinity)
        {
            bool toMaximum = mode == RoundingMode.TowardZero || (mode == RoundingMode.TowardMinus && sign == 0)
                || (mode == RoundingMode.TowardPlus && sign != 0);
            return sign | (toMaximum ? infinity - 1 : infinity);
        }

        return sign | (uint)bits;
    }

    public double Decode(uint bits)
    {
        uint mantissa = bits & ((1u << MantissaBits) - 1);
        int exponent = (int)(bits >> MantissaBits) & ((1 << ExponentBits) - 1);
        double magnitude = exponent == 0
            ? Math.ScaleB(mantissa, 1 - Bias - MantissaBits)
            : exponent < (1 << ExponentBits) - 1
                ? Math.ScaleB(mantissa | (1u << MantissaBits), exponent - Bias - MantissaBits)
                : mantissa == 0 ? double.PositiveInfinity : double.NaN;
        return (bits >> SignShift & 1) != 0 ? -magnitude : magnitude;
    }

    private static double RoundMagnitude(double value, RoundingMode mode, bool isNegative) => mode switch
    {
        RoundingMode.Nearest => Math.Round(value, MidpointRounding.ToEven),
        RoundingMode.NearestAway => Math.Round(value, MidpointRounding.AwayFromZero),
        RoundingMode.TowardZero => Math.Floor(value),
        RoundingMode.TowardMinus => isNegative ? Math.Ceiling(value) : Math.Floor(value),
        _ => isNegative ? Math.Floor(value) : Math.Ceiling(value),
    };
}
