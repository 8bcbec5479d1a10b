namespace Sequoia.Cli.Compare;

/// <summary>A value with half the width of its 95 % confidence interval; null if only one prompt was run.</summary>
internal sealed record Estimate(double Value, double? PlusMinus)
{
    // Beyond three degrees of freedom the expansion below is within 0.2 %.
    private static readonly double[] SmallQuantiles = [double.NaN, 12.706, 4.303];

    /// <summary>
    /// The sum of all numerators over the sum of all denominators; each prompt is one independent draw of both (linearised variance of a ratio).
    /// For tokens per step this is the right mean: prompts end at random, and by Wald's identity the ratio of the sums' expectations is
    /// the expectation of one step, while the mean of the prompts' own ratios is not.
    /// </summary>
    public static Estimate Ratio(IReadOnlyList<(double Top, double Bottom)> prompts) => new(Quotient(prompts), HalfWidth(Influences(prompts)));

    /// <summary>The first ratio minus the second, on the same prompts: common variation cancels out of the interval.</summary>
    public static Estimate Difference(IReadOnlyList<(double Top, double Bottom)> first, IReadOnlyList<(double Top, double Bottom)> second) =>
        new(Quotient(first) - Quotient(second), HalfWidth([.. Influences(first).Zip(Influences(second), (a, b) => a - b)]));

    /// <summary>The geometric mean of the prompts' factors; the interval is that of the mean logarithm, and as wide upwards as shown.</summary>
    public static Estimate GeometricMean(IReadOnlyList<double> factors)
    {
        double[] logarithms = [.. factors.Select(factor => Math.Log(factor))];
        double mean = logarithms.Average();
        double? half = HalfWidth([.. logarithms.Select(value => (value - mean) / logarithms.Length)]);
        return new Estimate(Math.Exp(mean), half is { } h ? Math.Exp(mean) * (Math.Exp(h) - 1) : null);
    }

    /// <summary>A statistic of all prompts and its values with each prompt left out.</summary>
    public static Estimate Jackknife(double whole, IReadOnlyList<double> without)
    {
        // Leaving one out moves the statistic by 1 / (n - 1) of the effect of that prompt's own draw.
        double scale = (without.Count - 1) / (double)Math.Max(1, without.Count);
        return new Estimate(whole, HalfWidth([.. without.Select(value => (value - without.Average()) * scale)]));
    }

    private static double Quotient(IReadOnlyList<(double Top, double Bottom)> prompts) => prompts.Sum(p => p.Top) / prompts.Sum(p => p.Bottom);

    /// <summary>The influence of each prompt on the ratio; they sum to 0.</summary>
    private static double[] Influences(IReadOnlyList<(double Top, double Bottom)> prompts)
    {
        double ratio = Quotient(prompts), bottom = prompts.Sum(p => p.Bottom);
        return [.. prompts.Select(p => (p.Top - (ratio * p.Bottom)) / bottom)];
    }

    private static double? HalfWidth(double[] influences)
    {
        int freedom = influences.Length - 1;
        return freedom < 1 ? null : StudentQuantile(freedom) * Math.Sqrt(influences.Sum(e => e * e) * influences.Length / freedom);
    }

    /// <summary>The 97.5 % quantile of Student's t: the first terms of its expansion about the normal one (Abramowitz and Stegun, 26.7.5).</summary>
    private static double StudentQuantile(int freedom)
    {
        if (freedom < SmallQuantiles.Length)
            return SmallQuantiles[freedom];
        const double Z = 1.959964, First = 2.3722, Second = 2.8225, Third = 2.5557, Fourth = 1.5895;
        double n = freedom;
        return Z + (First / n) + (Second / (n * n)) + (Third / (n * n * n)) + (Fourth / (n * n * n * n));
    }
}
