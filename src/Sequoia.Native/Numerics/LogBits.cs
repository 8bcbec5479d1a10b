namespace Sequoia.Native.Numerics;

/// <summary>How a float is split for the logarithm: x = m * 2^e with m in [2/3, 4/3), so that log m is near zero at both ends.</summary>
internal static class LogBits
{
    /// <summary>The bits of 2/3 rounded up: the subtraction carries into the exponent field exactly when m reaches 4/3.</summary>
    public const int TwoThirds = 0x3F2AAAAB;

    public const int ExponentMask = unchecked((int)0xFF800000);
}
