using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>
/// The arithmetic of <see cref="TensorExact"/> for the eight columns of a product at once, if all numbers are ordinary. The product of two 16-bit
/// operands is exact in double, scaling by a power of two changes no digit, and the truncated terms are integers whose sum is also exact. The
/// result has the same bits.
/// </summary>
internal static unsafe class TensorColumns
{
    private const int Columns = 8;
    private const int Tile = 64;

    // The exponent of a zero is below that of any product. Scaling supports no exponents below the minimum.
    private const int NoExponent = -100_000;
    private const int LeastScaled = -400;

    private const int SingleBias = 127;
    private const int SingleFraction = 23;
    private const int DoubleBias = 1023;
    private const int DoubleFraction = 52;

    // The additional bits in a double's significand compared with a single's.
    private const long MoreDigits = (1L << (DoubleFraction - SingleFraction)) - 1;

    /// <summary>
    /// Adds A B to <paramref name="c"/>: 16 x 8, row-major. Returns false and does nothing if a number is infinite or NaN, or a sum is neither a
    /// normal single-precision number nor zero.
    /// </summary>
    /// <param name="registers">The warp's registers.</param>
    /// <param name="slots">The slots of the registers of D, A and B.</param>
    /// <param name="c">The addend.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryMultiply<TFormat, TChunks, TSum>(byte* registers, int* slots, float* c)
        where TFormat : struct, ITensorFormat
        where TChunks : struct, IChunks
        where TSum : struct, ITensorSum
    {
        int chunks = TChunks.Count, terms = int.Min(Columns * chunks, TSum.Terms);
        float* a = stackalloc float[Tile * 4];
        float* b = stackalloc float[Tile * 2];
        Tensor.UnpackFactors<TFormat, TChunks>(registers, slots, a, b);
        int* aExponents = stackalloc int[Tile * 4];
        int* bExponents = stackalloc int[Tile * 2];
        if (!Exponents(a, aExponents, Tile * 2 * chunks, TFormat.LeastExponent) || !Exponents(b, bExponents, Tile * chunks, TFormat.LeastExponent))
            return false;
        double* wide = stackalloc double[Tile * 2];
        for (int k = 0; k < Tile * chunks; k += Columns)
            Widen(Vector256.Load(b + k)).Store(wide + k);

        float* results = stackalloc float[Tile * 2];
        for (int row = 0; row < 16; row++)
        {
            // The tiles of A: rows 0 to 7 and 8 to 15 of eight columns, then of the next eight.
            int of = (Tile * (row / 8)) + (Columns * (row % 8));
            Vector256<float> total = Vector256.Load(c + of);
            for (int first = 0; first < Columns * chunks; first += terms)
            {
                if (!TrySum<TSum>(a + of, aExponents + of, wide, bExponents, first, terms, ref total))
                    return false;
            }

            total.Store(results + of);
        }

        Buffer.MemoryCopy(results, c, Tile * 2 * sizeof(float), Tile * 2 * sizeof(float));
        return true;
    }

    /// <summary>Sums terms first .. first + terms - 1 of one row, and the addend, at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TrySum<TSum>(float* a, int* aExponents, double* b, int* bExponents, int first, int terms, ref Vector256<float> total)
        where TSum : struct, ITensorSum
    {
        Vector256<int> bits = total.AsInt32(), field = (bits >> SingleFraction) & Vector256.Create(0xFF);
        Vector256<int> exponent = Vector256.Max(field - Vector256.Create(SingleBias), Vector256.Create(1 - SingleBias));
        Vector256<int> isZero = Vector256.Equals(bits & Vector256.Create(int.MaxValue), Vector256<int>.Zero);
        Vector256<int> largest = Vector256.ConditionalSelect(isZero, Vector256.Create(NoExponent), exponent);
        if (Vector256.EqualsAny(field, Vector256.Create(0xFF)))
            return false;
        for (int k = first; k < first + terms; k++)
            largest = Vector256.Max(largest, Vector256.Create(aExponents[At(k)]) + Vector256.Load(bExponents + (Columns * k)));
        largest = Vector256.Max(largest, Vector256.Create(LeastScaled));

        Vector512<double> scale = PowerOfTwo(Vector256.Create(TSum.FractionBits) - largest), sum = Vector512.Truncate(Widen(total) * scale);
        // Minus zero becomes zero.
        sum += Vector512<double>.Zero;
        for (int k = first; k < first + terms; k++)
            sum += Vector512.Truncate(Vector512.Create((double)a[At(k)]) * Vector512.Load(b + (Columns * k)) * scale);

        Vector512<double> value = sum * PowerOfTwo(largest - Vector256.Create(TSum.FractionBits)), magnitude = Vector512.Abs(value);
        Vector512<double> isOrdinary = Vector512.Equals(magnitude, Vector512<double>.Zero)
            | (Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(1.17549435082228751e-38)) & Vector512.LessThan(magnitude, Vector512.Create(3.4e38)));
        if (isOrdinary.ExtractMostSignificantBits() != 0xFF)
            return false;
        Vector512<double> cut = (value.AsInt64() & Vector512.Create(~MoreDigits)).AsDouble();
        total = Vector512.Narrow(cut, cut).GetLower();
        return true;
    }

    /// <summary>The offset of operand k of a row from the row's first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int At(int k) => (2 * Tile * (k / Columns)) + (k % Columns);

    /// <summary>
    /// The exponents of the leading bits. A format's subnormals have the exponent of its smallest normal number. Returns false if a number is not
    /// finite.
    /// </summary>
    private static bool Exponents(float* values, int* exponents, int count, int least)
    {
        Vector512<int> isSpecial = default;
        for (int i = 0; i < count; i += Vector512<int>.Count)
        {
            Vector512<int> bits = Vector512.Load((int*)values + i), field = (bits >> SingleFraction) & Vector512.Create(0xFF);
            isSpecial |= Vector512.Equals(field, Vector512.Create(0xFF));
            Vector512<int> exponent = Vector512.Max(field - Vector512.Create(SingleBias), Vector512.Create(least));
            Vector512<int> isZero = Vector512.Equals(bits & Vector512.Create(int.MaxValue), Vector512<int>.Zero);
            Vector512.ConditionalSelect(isZero, Vector512.Create(NoExponent), exponent).Store(exponents + i);
        }

        return isSpecial == Vector512<int>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Widen(Vector256<float> values)
    {
        (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(values);
        return Vector512.Create(lower, upper);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> PowerOfTwo(Vector256<int> exponents)
    {
        (Vector256<long> lower, Vector256<long> upper) = Vector256.Widen(exponents + Vector256.Create(DoubleBias));
        return (Vector512.Create(lower, upper) << DoubleFraction).AsDouble();
    }
}
