using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>
/// Arithmetic of 16-bit floats through singles. Twice-rounded sums and products of two halves equal once-rounded ones, because a single has more
/// than twice the bits. A fused multiply-add does not, and needs a different method.
/// </summary>
internal readonly struct HalfUnary<TFormat, T> : IUnary32
    where TFormat : struct, IHalfFormat
    where T : struct, IUnary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) =>
        TFormat.FromSingle(T.Apply(TFormat.ToSingle(a).AsUInt32()).AsSingle());
}

/// <inheritdoc cref="HalfUnary{TFormat, T}"/>
internal readonly struct HalfBinary<TFormat, T> : IBinary32
    where TFormat : struct, IHalfFormat
    where T : struct, IBinary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
        TFormat.FromSingle(T.Apply(TFormat.ToSingle(a).AsUInt32(), TFormat.ToSingle(b).AsUInt32()).AsSingle());
}

/// <summary>
/// A fused multiply-add of halves. The product is exact in single. The sum is rounded to odd, so that rounding it again to half gives the same
/// result as rounding once.
/// </summary>
internal readonly struct FmaF16 : ITernary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c)
    {
        Vector512<float> product = F16.ToSingle(a) * F16.ToSingle(b);
        Vector512<float> addend = F16.ToSingle(c);
        Vector512<float> sum = product + addend;
        Vector512<float> part = sum - product;
        Vector512<float> error = (product - (sum - part)) + (addend - part);
        Vector512<uint> bits = sum.AsUInt32();
        Vector512<uint> isInexact = Vector512.GreaterThan(Vector512.Abs(error), Vector512<float>.Zero).AsUInt32()
            & Vector512.Equals(bits & Vector512<uint>.One, Vector512<uint>.Zero);
        Vector512<uint> away = ((bits ^ error.AsUInt32()).AsInt32() >> 31).AsUInt32() | Vector512<uint>.One;
        return F16.FromSingle((bits + (away & isInexact)).AsSingle());
    }
}

/// <summary>As <see cref="FmaF16"/>, lane by lane. A product of bfloat16 is exact only in double.</summary>
internal readonly struct FmaBF16 : ITernary32
{
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c)
    {
        Vector512<uint> result = default;
        for (int lane = 0; lane < 16; lane++)
            result = result.WithElement(lane, One(a[lane], b[lane], c[lane]));
        return result;
    }

    private static uint One(uint a, uint b, uint c)
    {
        double product = (double)Value(a) * Value(b);
        double addend = Value(c);
        double sum = product + addend;
        double part = sum - product;
        double error = (product - (sum - part)) + (addend - part);
        if (double.IsFinite(sum) && error != 0 && (BitConverter.DoubleToUInt64Bits(sum) & 1) == 0)
            sum = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(sum) + (double.IsNegative(sum) == double.IsNegative(error) ? 1 : -1));
        return FloatFormat.BFloat16.Encode(sum, RoundingMode.Nearest);
    }

    private static float Value(uint bits) => BitConverter.UInt32BitsToSingle(bits << 16);
}

/// <summary>The same operation on both halves of a 32-bit register.</summary>
internal readonly struct Packed1<T> : IUnary32
    where T : struct, IUnary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) =>
        T.Apply(a & Vector512.Create(0xFFFFu)) | (T.Apply(a >> 16) << 16);
}

/// <inheritdoc cref="Packed1{T}"/>
internal readonly struct Packed2<T> : IBinary32
    where T : struct, IBinary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b)
    {
        Vector512<uint> low = Vector512.Create(0xFFFFu);
        return T.Apply(a & low, b & low) | (T.Apply(a >> 16, b >> 16) << 16);
    }
}

/// <inheritdoc cref="Packed1{T}"/>
internal readonly struct Packed3<T> : ITernary32
    where T : struct, ITernary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c)
    {
        Vector512<uint> low = Vector512.Create(0xFFFFu);
        return T.Apply(a & low, b & low, c & low) | (T.Apply(a >> 16, b >> 16, c >> 16) << 16);
    }
}

/// <summary>Flips the signs of one or two halves.</summary>
internal readonly struct NegHalf : IUnary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => a ^ Vector512.Create(0x8000u);
}

/// <summary>Clears the sign of a half.</summary>
internal readonly struct AbsHalf : IUnary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => a & Vector512.Create(0x7FFFu);
}

/// <summary>A comparison of halves.</summary>
internal readonly struct HalfTest<T> : ICompare32
    where T : struct, ICompare32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) =>
        T.Test(F16.ToSingle(a).AsUInt32(), F16.ToSingle(b).AsUInt32());
}

/// <summary>A comparison of bfloat16.</summary>
internal readonly struct BFloatTest<T> : ICompare32
    where T : struct, ICompare32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => T.Test(a << 16, b << 16);
}
