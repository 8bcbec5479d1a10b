using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sequoia.Native.Numerics;

/// <summary>Sixteen lanes in two AVX2 registers.</summary>
internal readonly unsafe struct Lanes256(Vector256<float> low, Vector256<float> high) : ILanes<Lanes256>
{
    private readonly Vector256<float> _low = low;
    private readonly Vector256<float> _high = high;

    public static Lanes256 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector256<float>.Zero, Vector256<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Broadcast(float value) => new(Vector256.Create(value), Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Load(float* source) => new(Vector256.Load(source), Vector256.Load(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes256 value, float* destination)
    {
        value._low.Store(destination);
        value._high.Store(destination + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 LoadHalf(ushort* source) => new(EightHalves(source), EightHalves(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 LoadBFloat16Even(ushort* source) =>
        new((Vector256.Load((uint*)source) << 16).AsSingle(), (Vector256.Load((uint*)source + 8) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 LoadBFloat16Odd(ushort* source)
    {
        Vector256<uint> mask = Vector256.Create(0xFFFF0000u);
        return new((Vector256.Load((uint*)source) & mask).AsSingle(), (Vector256.Load((uint*)source + 8) & mask).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 ConvertUInt32(uint* source) =>
        new(Vector256.ConvertToSingle(Vector256.Load(source)), Vector256.ConvertToSingle(Vector256.Load(source + 8)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 FusedMultiplyAdd(Lanes256 a, Lanes256 b, Lanes256 c) =>
        new(Fma.MultiplyAdd(a._low, b._low, c._low), Fma.MultiplyAdd(a._high, b._high, c._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator +(Lanes256 a, Lanes256 b) => new(a._low + b._low, a._high + b._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator -(Lanes256 a, Lanes256 b) => new(a._low - b._low, a._high - b._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator *(Lanes256 a, Lanes256 b) => new(a._low * b._low, a._high * b._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator /(Lanes256 a, Lanes256 b) => new(a._low / b._low, a._high / b._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Max(Lanes256 a, Lanes256 b) => new(Avx.Max(a._low, b._low), Avx.Max(a._high, b._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Min(Lanes256 a, Lanes256 b) => new(Avx.Min(a._low, b._low), Avx.Min(a._high, b._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Abs(Lanes256 a)
    {
        Vector256<uint> mask = Vector256.Create(0x7FFFFFFFu);
        return new((a._low.AsUInt32() & mask).AsSingle(), (a._high.AsUInt32() & mask).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 SelectLess(Lanes256 x, Lanes256 limit, Lanes256 below, Lanes256 otherwise) =>
        new(Vector256.ConditionalSelect(Vector256.LessThan(x._low, limit._low), below._low, otherwise._low),
            Vector256.ConditionalSelect(Vector256.LessThan(x._high, limit._high), below._high, otherwise._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint MaskGreater(Lanes256 a, Lanes256 b) =>
        Vector256.GreaterThan(a._low, b._low).ExtractMostSignificantBits()
        | (Vector256.GreaterThan(a._high, b._high).ExtractMostSignificantBits() << 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 ScaleByPower(Lanes256 p, Lanes256 power) =>
        new((p._low.AsInt32() + (power._low.AsInt32() << 23)).AsSingle(), (p._high.AsInt32() + (power._high.AsInt32() << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Exponent(Lanes256 x)
    {
        Vector256<int> twoThirds = Vector256.Create(LogBits.TwoThirds);
        return new(
            Vector256.ConvertToSingle((x._low.AsInt32() - twoThirds) >> 23),
            Vector256.ConvertToSingle((x._high.AsInt32() - twoThirds) >> 23));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Mantissa(Lanes256 x) => new(EightMantissas(x._low), EightMantissas(x._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes256 value) => SumOfEight(value._low + value._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SumFour(Lanes256 a, Lanes256 b, Lanes256 c, Lanes256 d, float* y, bool add) =>
        SumFourOfEight(a._low + a._high, b._low + b._high, c._low + c._high, d._low + d._high, y, add);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(Lanes256 value) => LargestOfEight(Avx.Max(value._low, value._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float SumOfEight(Vector256<float> eight)
    {
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        Vector128<float> two = four + Sse.MoveHighToLow(four, four);
        return two.ToScalar() + two.GetElement(1);
    }

    /// <summary>The tree of <see cref="SumOfEight"/> for four vectors at once, whose last two levels share their instructions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void SumFourOfEight(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d, float* y, bool add)
    {
        Vector128<float> a4 = a.GetLower() + a.GetUpper(), b4 = b.GetLower() + b.GetUpper();
        Vector128<float> c4 = c.GetLower() + c.GetUpper(), d4 = d.GetLower() + d.GetUpper();
        // [a0 a1 b0 b1] + [a2 a3 b2 b3], then even + odd elements.
        Vector128<float> ab = Sse.MoveLowToHigh(a4, b4) + Sse.MoveHighToLow(b4, a4);
        Vector128<float> cd = Sse.MoveLowToHigh(c4, d4) + Sse.MoveHighToLow(d4, c4);
        Vector128<float> sums = Sse.Shuffle(ab, cd, 0b10_00_10_00) + Sse.Shuffle(ab, cd, 0b11_01_11_01);
        (add ? Vector128.Load(y) + sums : sums).Store(y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float LargestOfEight(Vector256<float> eight)
    {
        Vector128<float> four = Sse.Max(eight.GetLower(), eight.GetUpper());
        Vector128<float> two = Sse.Max(four, Sse.MoveHighToLow(four, four));
        return MathF.Max(two.ToScalar(), two.GetElement(1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> EightHalves(ushort* source)
    {
        Vector256<uint> h = Avx2.ConvertToVector256Int32(Vector128.Load(source)).AsUInt32();
        Vector256<uint> exponentAndMantissa = (h & Vector256.Create(0x7FFFu)) << 13;
        Vector256<uint> magnitude = (exponentAndMantissa.AsSingle() * Vector256.Create(HalfFloat.Rebias)).AsUInt32();
        Vector256<uint> special = Vector256.GreaterThanOrEqual(exponentAndMantissa, Vector256.Create(0x0F800000u)) & Vector256.Create(0x7F800000u);
        return (magnitude | special | ((h & Vector256.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> EightMantissas(Vector256<float> x)
    {
        Vector256<int> bits = x.AsInt32();
        Vector256<int> exponent = (bits - Vector256.Create(LogBits.TwoThirds)) & Vector256.Create(LogBits.ExponentMask);
        return (bits - exponent).AsSingle();
    }
}
