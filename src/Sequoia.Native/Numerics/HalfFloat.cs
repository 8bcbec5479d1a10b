namespace Sequoia.Native.Numerics;

internal static class HalfFloat
{
    /// <summary>2^112 = 2^(127 - 15): what takes a half's exponent bits, read as a float's, to their value.</summary>
    public const float Rebias = 5.192296858534828e33f;
}
