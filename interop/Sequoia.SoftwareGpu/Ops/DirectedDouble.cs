namespace Sequoia.SoftwareGpu.Ops;

/// <summary>A rounding direction for doubles.</summary>
internal interface IDoubleRounding
{
    /// <summary>Corrects a value rounded to nearest, given the sign of its error.</summary>
    static abstract double Adjust(double nearest, int errorSign);
}

internal readonly struct DoubleDown : IDoubleRounding
{
    public static double Adjust(double nearest, int errorSign) => errorSign < 0 ? double.BitDecrement(nearest) : nearest;
}

internal readonly struct DoubleUp : IDoubleRounding
{
    public static double Adjust(double nearest, int errorSign) => errorSign > 0 ? double.BitIncrement(nearest) : nearest;
}

internal readonly struct DoubleToZero : IDoubleRounding
{
    public static double Adjust(double nearest, int errorSign) =>
        nearest > 0 ? DoubleDown.Adjust(nearest, errorSign) : nearest < 0 ? DoubleUp.Adjust(nearest, errorSign) : nearest;
}

/// <summary>
/// Double-precision arithmetic that rounds toward zero or an infinity, based on the sign of the nearest value's exact error. Tiny operands are
/// scaled first, because their error would be too small for a double.
/// </summary>
internal static class DirectedDouble
{
    /// <summary>2^-900: from this value on, the errors of products are doubles.</summary>
    private const double Tiny = 1.1830521861667747e-271;

    internal readonly struct Add<TMode> : IScalarBinary<ulong, ulong>
        where TMode : struct, IDoubleRounding
    {
        public static ulong Apply(ulong a, ulong b)
        {
            double x = Value(a), y = Value(b), sum = x + y;
            if (sum == 0 && typeof(TMode) == typeof(DoubleDown) && !(x == 0 && y == 0 && double.IsPositive(x) && double.IsPositive(y)))
                return 1UL << 63;
            double part = sum - x;
            return Finish<TMode>(sum, (x - (sum - part)) + (y - part), double.IsFinite(x) && double.IsFinite(y));
        }
    }

    internal readonly struct Sub<TMode> : IScalarBinary<ulong, ulong>
        where TMode : struct, IDoubleRounding
    {
        public static ulong Apply(ulong a, ulong b) => Add<TMode>.Apply(a, b ^ (1UL << 63));
    }

    internal readonly struct Mul<TMode> : IScalarBinary<ulong, ulong>
        where TMode : struct, IDoubleRounding
    {
        public static ulong Apply(ulong a, ulong b)
        {
            double x = Value(a), y = Value(b), product = x * y;
            double error = Math.Abs(product) < Tiny
                ? Math.FusedMultiplyAdd(Math.ScaleB(x, 600), Math.ScaleB(y, 600), -Math.ScaleB(product, 1200))
                : Math.FusedMultiplyAdd(x, y, -product);
            return Finish<TMode>(product, error, double.IsFinite(x) && double.IsFinite(y));
        }
    }

    internal readonly struct Div<TMode> : IScalarBinary<ulong, ulong>
        where TMode : struct, IDoubleRounding
    {
        public static ulong Apply(ulong a, ulong b)
        {
            double x = Value(a), y = Value(b), quotient = x / y;
            double rest = Math.FusedMultiplyAdd(-quotient, y, x);
            if (Math.Abs(x) < Tiny)
            {
                rest = Math.Abs(quotient) < 1
                    ? Math.FusedMultiplyAdd(-Math.ScaleB(quotient, 600), y, Math.ScaleB(x, 600))
                    : Math.FusedMultiplyAdd(-quotient, Math.ScaleB(y, 600), Math.ScaleB(x, 600));
            }

            return Finish<TMode>(quotient, y < 0 ? -rest : rest, double.IsFinite(x) && double.IsFinite(y) && y != 0);
        }
    }

    internal readonly struct Rcp<TMode> : IScalarUnary<ulong, ulong>
        where TMode : struct, IDoubleRounding
    {
        public static ulong Apply(ulong a) => Div<TMode>.Apply(BitConverter.DoubleToUInt64Bits(1), a);
    }

    internal readonly struct Sqrt<TMode> : IScalarUnary<ulong, ulong>
        where TMode : struct, IDoubleRounding
    {
        public static ulong Apply(ulong a)
        {
            double x = Value(a), root = Math.Sqrt(x);
            double error = x < Tiny
                ? Math.FusedMultiplyAdd(-Math.ScaleB(root, 300), Math.ScaleB(root, 300), Math.ScaleB(x, 600))
                : Math.FusedMultiplyAdd(-root, root, x);
            return Finish<TMode>(root, error, double.IsFinite(root));
        }
    }

    internal readonly struct Fma<TMode> : IScalarTernary<ulong>
        where TMode : struct, IDoubleRounding
    {
        public static ulong Apply(ulong a, ulong b, ulong c)
        {
            double x = Value(a), y = Value(b), z = Value(c), nearest = Math.FusedMultiplyAdd(x, y, z);
            bool isFinite = double.IsFinite(x) && double.IsFinite(y) && double.IsFinite(z);
            int error = isFinite && double.IsFinite(nearest) ? FusedError.Sign(x, y, z, nearest) : 0;
            if (isFinite && nearest == 0 && error == 0 && typeof(TMode) == typeof(DoubleDown))
            {
                bool isPlus = (x == 0 || y == 0) && z == 0 && double.IsPositive(z) && double.IsNegative(x) == double.IsNegative(y);
                return isPlus ? 0 : 1UL << 63;
            }

            return Finish<TMode>(nearest, error, isFinite);
        }
    }

    private static double Value(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    /// <summary>An infinite result of finite operands is beyond the exact result.</summary>
    private static ulong Finish<TMode>(double nearest, double error, bool isFinite)
        where TMode : struct, IDoubleRounding
    {
        if (!isFinite || double.IsNaN(nearest))
            return BitConverter.DoubleToUInt64Bits(nearest);
        int sign = double.IsInfinity(nearest) ? (nearest > 0 ? -1 : 1) : double.IsNaN(error) ? 0 : double.Sign(error);
        return BitConverter.DoubleToUInt64Bits(TMode.Adjust(nearest, sign));
    }
}
