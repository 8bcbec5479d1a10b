namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>
/// RMSNorm of a row in double precision, with a bound on what a sound kernel's rounding adds up to. u is 2^-24.
///
/// The sum of n squares is made of fused multiply-adds and additions of positive numbers, in whatever order: no term passes through more than n
/// of them (adding 0 is exact), so the sum is within n u of itself. Division by n and the addition of epsilon round once each; under the root
/// that is (n + 2) u / 2. Root, quotient and two products round once each: 4 u. Together (n / 2 + 5) u of the value, and 1 % for terms of
/// second order. Then it is rounded to 16 bits. A square below 2^-126 loses at most 2^-150, which is nothing beside n epsilon.
/// </summary>
internal static class RmsNormReference
{
    private const double Rounding = 1.0 / (1 << 24);

    /// <summary>The row's results in fp32's bounds; the caller narrows them.</summary>
    public static Bounded[] Of(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon)
    {
        double squares = 0;
        foreach (float value in x)
            squares += (double)value * value;
        double scale = 1 / Math.Sqrt((squares / x.Length) + epsilon), relative = ((x.Length / 2.0) + 5) * Rounding * 1.01;
        var results = new Bounded[x.Length];
        for (int column = 0; column < x.Length; column++)
        {
            double y = x[column] * scale * weight[column];
            results[column] = new(y, relative * Math.Abs(y));
        }
        return results;
    }
}
