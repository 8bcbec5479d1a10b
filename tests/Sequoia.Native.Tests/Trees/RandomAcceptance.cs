namespace Sequoia.Native.Tests.Trees;

/// <summary>Acceptance with all that makes trees hard to find: zeros, bumps, ties, and shares that hardly differ from nothing.</summary>
internal static class RandomAcceptance
{
    public static double[][] Rows(Random random, int mostRows, int mostRanks) =>
        [.. Enumerable.Range(0, 1 + random.Next(mostRows)).Select(_ => Row(random, 1 + random.Next(mostRanks)))];

    private static double[] Row(Random random, int ranks)
    {
        int kind = random.Next(4);
        double[] p = [.. Enumerable.Range(1, ranks).Select(k => kind switch
        {
            // As measured: steep, with a tail that goes up and down.
            0 => random.Next(4) == 0 ? 0 : random.NextDouble() * Math.Pow(k, -2),
            // Eighths: sums of products often tie.
            1 => random.Next(9) / 8.0,
            // Hardly anything, and then much.
            2 => k == ranks ? 1 : random.Next(2) * 1e-6,
            _ => Math.Pow(random.NextDouble(), 5),
        })];
        double sum = p.Sum();
        // Some rows use up all their mass, so that long chains are worth while.
        return sum > 1 || random.Next(3) == 0 ? [.. p.Select(value => sum == 0 ? 0 : value / sum)] : p;
    }
}
