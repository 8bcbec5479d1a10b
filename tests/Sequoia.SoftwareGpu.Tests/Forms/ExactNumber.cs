using System.Numerics;

namespace Sequoia.SoftwareGpu.Tests;

internal enum Direction
{
    Nearest,
    Zero,
    Down,
    Up,
}

/// <summary>A binary floating-point format: bits of precision, and the exponent of the smallest normal number.</summary>
internal sealed record FloatKind(string Name, int Bits, int Precision, int Lowest)
{
    public static readonly FloatKind F16 = new("f16", 16, 11, -14), BF16 = new("bf16", 16, 8, -126), F32 = new("f32", 32, 24, -126), F64 = new("f64", 64, 53, -1022);

    public static readonly FloatKind[] All = [F16, BF16, F32, F64];

    public ulong Sign => 1ul << (Bits - 1);

    public ulong Infinity => (Sign - 1) & ~((1ul << (Precision - 1)) - 1);

    public ulong One => ((ulong)-Lowest + 1) << (Precision - 1);

    public bool IsNaN(ulong bits) => (bits & (Sign - 1)) > Infinity;

    public ulong Flush(ulong bits) => (bits & (Sign - 1)) < 1ul << (Precision - 1) ? bits & Sign : bits;
}

/// <summary>
/// A number as an integer in units of 2^-3000, or an infinity, or NaN: sums and products of all formats are exact in it, and a
/// quotient or root that is cut there is far finer than any format. Slow and obvious; the reference for everything that rounds.
/// </summary>
internal readonly record struct ExactNumber(BigInteger Units, bool IsNegative, bool IsInfinite, bool IsNaN)
{
    private const int Scale = 3000;

    public static ExactNumber NaN => new(0, false, false, true);

    public bool IsZero => Units.IsZero && !IsInfinite && !IsNaN;

    public static ExactNumber Infinity(bool negative) => new(0, negative, true, false);

    public static ExactNumber Zero(bool negative) => new(0, negative, false, false);

    public static ExactNumber Of(BigInteger value) => new(value << Scale, value < 0, false, false);

    public static ExactNumber Of(ulong bits, FloatKind kind)
    {
        bool negative = (bits & kind.Sign) != 0;
        ulong magnitude = bits & (kind.Sign - 1), fraction = magnitude & ((1ul << (kind.Precision - 1)) - 1);
        if (magnitude >= kind.Infinity)
            return magnitude > kind.Infinity ? NaN : Infinity(negative);
        int exponent = (int)(magnitude >> (kind.Precision - 1));
        BigInteger mantissa = fraction | (exponent == 0 ? 0 : 1ul << (kind.Precision - 1));
        BigInteger units = mantissa << (Scale + kind.Lowest - kind.Precision + 1 + Math.Max(exponent - 1, 0));
        return new(negative ? -units : units, negative, false, false);
    }

    public ExactNumber Negate() => this with { Units = -Units, IsNegative = !IsNegative };

    /// <summary>The direction matters for the sign of a sum that is zero.</summary>
    public ExactNumber Add(ExactNumber other, Direction direction)
    {
        if (IsNaN || other.IsNaN || (IsInfinite && other.IsInfinite && IsNegative != other.IsNegative))
            return NaN;
        if (IsInfinite || other.IsInfinite)
            return IsInfinite ? this : other;
        BigInteger sum = Units + other.Units;
        if (!sum.IsZero)
            return new(sum, sum < 0, false, false);
        bool bothZero = Units.IsZero && other.Units.IsZero && IsNegative == other.IsNegative;
        return Zero(bothZero ? IsNegative : direction == Direction.Down);
    }

    public ExactNumber Multiply(ExactNumber other)
    {
        bool negative = IsNegative != other.IsNegative;
        if (IsNaN || other.IsNaN || (IsInfinite && other.IsZero) || (IsZero && other.IsInfinite))
            return NaN;

        // Every factor is a multiple of 2^-1074, so nothing is cut off here.
        return IsInfinite || other.IsInfinite ? Infinity(negative) : new((Units * other.Units) >> Scale, negative, false, false);
    }

    public ExactNumber Divide(ExactNumber other)
    {
        bool negative = IsNegative != other.IsNegative;
        if (IsNaN || other.IsNaN || (IsInfinite && other.IsInfinite) || (IsZero && other.IsZero))
            return NaN;
        if (IsInfinite || other.IsZero)
            return Infinity(negative);
        if (IsZero || other.IsInfinite)
            return Zero(negative);
        BigInteger quotient = BigInteger.DivRem(BigInteger.Abs(Units) << Scale, BigInteger.Abs(other.Units), out BigInteger rest);
        return Sticky(quotient, rest, negative);
    }

    public ExactNumber Root()
    {
        if (IsNaN || (IsNegative && !IsZero))
            return NaN;
        if (IsZero || IsInfinite)
            return this;
        BigInteger square = Units << Scale, root = BigInteger.One << (int)((square.GetBitLength() / 2) + 1);
        for (BigInteger next = (root + (square / root)) >> 1; next < root; next = (root + (square / root)) >> 1)
            root = next;
        return Sticky(root, square - (root * root), false);
    }

    public ExactNumber Integral(Direction direction)
    {
        if (IsNaN || IsInfinite)
            return this;
        BigInteger one = BigInteger.One << Scale, floor = Units >> Scale, rest = Units - (floor << Scale), twice = rest * 2;
        bool up = direction switch
        {
            Direction.Nearest => twice > one || (twice == one && !floor.IsEven),
            Direction.Zero => IsNegative && !rest.IsZero,
            Direction.Down => false,
            _ => !rest.IsZero,
        };
        return this with { Units = (floor + (up ? 1 : 0)) << Scale };
    }

    public BigInteger ToInteger() => Units >> Scale;

    public ExactNumber Saturate() => IsNaN || IsNegative ? Zero(false) : IsInfinite || Units > BigInteger.One << Scale ? Of(1) : this;

    public ulong Round(FloatKind kind, Direction direction)
    {
        if (IsNaN)
            return kind.Infinity + 1;
        ulong sign = IsNegative ? kind.Sign : 0;
        if (IsInfinite || Units.IsZero)
            return sign | (IsInfinite ? kind.Infinity : 0);
        BigInteger magnitude = BigInteger.Abs(Units);
        int exponent = Math.Max((int)magnitude.GetBitLength() - 1 - Scale, kind.Lowest), drop = exponent - kind.Precision + 1 + Scale;
        BigInteger kept = magnitude >> drop, rest = magnitude - (kept << drop), half = BigInteger.One << (drop - 1);
        bool up = direction switch
        {
            Direction.Nearest => rest > half || (rest == half && !kept.IsEven),
            Direction.Zero => false,
            Direction.Down => IsNegative && !rest.IsZero,
            _ => !IsNegative && !rest.IsZero,
        };

        // A mantissa that rounds up to the next power of two carries into the exponent by itself.
        ulong bits = (ulong)(kept + (up ? 1 : 0)) + ((ulong)(exponent - kind.Lowest) << (kind.Precision - 1));
        if (bits < kind.Infinity)
            return sign | bits;
        bool stays = direction == Direction.Zero || (direction == Direction.Down && !IsNegative) || (direction == Direction.Up && IsNegative);
        return sign | (stays ? kind.Infinity - 1 : kind.Infinity);
    }

    private static ExactNumber Sticky(BigInteger magnitude, BigInteger rest, bool negative)
    {
        BigInteger units = rest.IsZero ? magnitude : magnitude | 1;
        return new(negative ? -units : units, negative, false, false);
    }
}
