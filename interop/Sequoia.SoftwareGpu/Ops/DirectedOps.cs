using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>A rounding direction other than to nearest.</summary>
internal interface IRounding
{
    /// <summary>Corrects a value rounded to nearest, given the sign of its error.</summary>
    static abstract float Adjust(float nearest, int errorSign);
}

internal readonly struct TowardMinus : IRounding
{
    public static float Adjust(float nearest, int errorSign) => errorSign < 0 ? float.BitDecrement(nearest) : nearest;
}

internal readonly struct TowardPlus : IRounding
{
    public static float Adjust(float nearest, int errorSign) => errorSign > 0 ? float.BitIncrement(nearest) : nearest;
}

internal readonly struct TowardZero : IRounding
{
    public static float Adjust(float nearest, int errorSign) =>
        nearest > 0 ? TowardMinus.Adjust(nearest, errorSign) : nearest < 0 ? TowardPlus.Adjust(nearest, errorSign) : nearest;
}

/// <summary>
/// Arithmetic that rounds toward zero or an infinity. It uses the instructions' own rounding if AVX-512 has it. Otherwise it corrects the nearest
/// value with the sign of its exact error.
/// </summary>
internal static class DirectedOps
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    internal readonly struct Add<TMode> : IBinary32
        where TMode : struct, IRounding
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Fma<TMode>.Apply(a, Vector512.Create(0x3F80_0000u), b);
    }

    internal readonly struct Sub<TMode> : IBinary32
        where TMode : struct, IRounding
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Add<TMode>.Apply(a, FloatOps.Neg.Apply(b));
    }

    internal readonly struct Mul<TMode> : IBinary32
        where TMode : struct, IRounding
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b)
        {
            if (!Avx512F.IsSupported)
                return PerLane<Product<TMode>>(a, b, default);
            if (typeof(TMode) == typeof(TowardMinus))
                return Avx512F.Multiply(a.AsSingle(), b.AsSingle(), FloatRoundingMode.ToNegativeInfinity).AsUInt32();
            return typeof(TMode) == typeof(TowardPlus)
                ? Avx512F.Multiply(a.AsSingle(), b.AsSingle(), FloatRoundingMode.ToPositiveInfinity).AsUInt32()
                : Avx512F.Multiply(a.AsSingle(), b.AsSingle(), FloatRoundingMode.ToZero).AsUInt32();
        }
    }

    internal readonly struct Fma<TMode> : ITernary32
        where TMode : struct, IRounding
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c)
        {
            if (!Avx512F.IsSupported)
                return PerLane<ProductSum<TMode>>(a, b, c);
            if (typeof(TMode) == typeof(TowardMinus))
                return Avx512F.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle(), FloatRoundingMode.ToNegativeInfinity).AsUInt32();
            return typeof(TMode) == typeof(TowardPlus)
                ? Avx512F.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle(), FloatRoundingMode.ToPositiveInfinity).AsUInt32()
                : Avx512F.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle(), FloatRoundingMode.ToZero).AsUInt32();
        }
    }

    internal readonly struct Div<TMode> : IBinary32
        where TMode : struct, IRounding
    {
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => PerLane<Quotient<TMode>>(a, b, default);
    }

    internal readonly struct Rcp<TMode> : IUnary32
        where TMode : struct, IRounding
    {
        public static Vector512<uint> Apply(Vector512<uint> a) => PerLane<Quotient<TMode>>(Vector512.Create(0x3F80_0000u), a, default);
    }

    internal readonly struct Sqrt<TMode> : IUnary32
        where TMode : struct, IRounding
    {
        public static Vector512<uint> Apply(Vector512<uint> a) => PerLane<Root<TMode>>(a, default, default);
    }

    private interface IScalar
    {
        static abstract float Apply(float a, float b, float c);
    }

    private readonly struct Product<TMode> : IScalar
        where TMode : struct, IRounding
    {
        public static float Apply(float a, float b, float c) => Round<TMode>((double)a * b, 0);
    }

    private readonly struct ProductSum<TMode> : IScalar
        where TMode : struct, IRounding
    {
        public static float Apply(float a, float b, float c)
        {
            // The product is exact in double. The usual two-sum gives the error of the sum.
            double product = (double)a * b;
            double sum = product + c;
            if (sum == 0 && (product != 0 || double.IsNegative(product) != float.IsNegative(c)) && typeof(TMode) == typeof(TowardMinus))
                return -0f;
            double part = sum - product;
            double error = (product - (sum - part)) + (c - part);
            return Round<TMode>(sum, double.IsFinite(sum) ? double.Sign(error) : 0);
        }
    }

    private readonly struct Quotient<TMode> : IScalar
        where TMode : struct, IRounding
    {
        public static float Apply(float a, float b, float c)
        {
            float nearest = a / b;
            if (!float.IsFinite(nearest) || b == 0 || !float.IsFinite(b))
                return float.IsInfinity(nearest) && float.IsFinite(a) && b != 0 ? TMode.Adjust(nearest, nearest > 0 ? -1 : 1) : nearest;
            double rest = Math.FusedMultiplyAdd(-(double)nearest, b, a);
            return TMode.Adjust(nearest, rest == 0 ? 0 : (rest > 0) == (b > 0) ? 1 : -1);
        }
    }

    private readonly struct Root<TMode> : IScalar
        where TMode : struct, IRounding
    {
        public static float Apply(float a, float b, float c)
        {
            float nearest = MathF.Sqrt(a);
            return float.IsFinite(nearest) ? TMode.Adjust(nearest, double.Sign(a - ((double)nearest * nearest))) : nearest;
        }
    }

    /// <summary>Rounds a double, plus an error below its last bit, to a single.</summary>
    private static float Round<TMode>(double value, int errorSign)
        where TMode : struct, IRounding
    {
        float nearest = (float)value;
        if (!double.IsFinite(value))
            return nearest;
        if (float.IsInfinity(nearest))
            return TMode.Adjust(nearest, nearest > 0 ? -1 : 1);
        double rest = value - nearest;
        if (nearest == 0)
        {
            // The single underflowed to a zero, whose own sign is not usable.
            int sign = rest != 0 ? double.Sign(rest) : errorSign;
            return typeof(TMode) == typeof(TowardZero) ? nearest : TMode.Adjust(nearest, sign);
        }

        return TMode.Adjust(nearest, rest != 0 ? double.Sign(rest) : errorSign);
    }

    private static Vector512<uint> PerLane<T>(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c)
        where T : struct, IScalar
    {
        Vector512<float> result = default;
        for (int lane = 0; lane < 16; lane++)
            result = result.WithElement(lane, T.Apply(a.AsSingle()[lane], b.AsSingle()[lane], c.AsSingle()[lane]));
        return result.AsUInt32();
    }
}
