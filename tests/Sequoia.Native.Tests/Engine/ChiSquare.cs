namespace Sequoia.Native.Tests.Engine;

/// <summary>Pearson's goodness-of-fit test.</summary>
internal static class ChiSquare
{
    /// <summary>How likely counts at least this far from the expected law are; cells that expect under five are merged.</summary>
    public static double PValue(IReadOnlyList<int> counts, IReadOnlyList<double> law)
    {
        double total = counts.Sum(), statistic = 0, mergedCount = 0, mergedExpected = 0;
        int cells = 0;
        for (int i = 0; i < counts.Count; i++)
        {
            double expected = total * law[i];
            // Something that cannot happen has happened.
            if (expected == 0 && counts[i] > 0)
                return 0;
            if (expected < 5)
            {
                mergedCount += counts[i];
                mergedExpected += expected;
                continue;
            }
            statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
            cells++;
        }
        if (mergedExpected > 0)
        {
            statistic += (mergedCount - mergedExpected) * (mergedCount - mergedExpected) / mergedExpected;
            cells++;
        }
        return UpperTail(statistic, cells - 1);
    }

    /// <summary>Wilson and Hilferty: the cube root of chi-square / degrees is nearly normal.</summary>
    private static double UpperTail(double statistic, int degrees)
    {
        double variance = 2.0 / (9 * degrees);
        double z = (Math.Cbrt(statistic / degrees) - (1 - variance)) / Math.Sqrt(variance);
        return Complement(z);
    }

    /// <summary>1 - Phi(z) by the trapezoid rule, which is exact to rounding for so smooth a function.</summary>
    private static double Complement(double z)
    {
        if (z < 0)
            return 1 - Complement(-z);
        const int Steps = 4000;
        double width = 12.0 / Steps, sum = 0;
        for (int i = 0; i <= Steps; i++)
        {
            double x = z + (i * width);
            sum += Math.Exp(-x * x / 2) * (i is 0 or Steps ? 0.5 : 1);
        }
        return sum * width / Math.Sqrt(2 * Math.PI);
    }
}
