using System.Diagnostics;
using System.Globalization;
using Sequoia.Testing;

namespace Sequoia.Native.Benchmarks;

/// <summary>
/// The time to find an optimal tree, one thread, for acceptance of several kinds; beside it the plain recurrence where it
/// ends within seconds.
/// </summary>
internal static class OptimizerBenchmark
{
    private const int Ranks = 32;
    private const long MostNaiveSteps = 4_000_000_000;

    private static readonly (int Size, int? Levels)[] Sizes = [(512, 12), (2048, 32), (4096, 10), (65536, 12), (65536, 32), (65536, null)];

    private static readonly (string Name, double[][] Rows)[] Kinds =
    [
        ("non-increasing", [NonIncreasing(new Random(1))]),
        ("zeros and bumps", [Bumpy(new Random(2))]),
        ("any order", [AnyOrder(new Random(3))]),
        ("last rank only", [LastRankOnly()]),
        ("matrix, 8 rows", [.. Enumerable.Range(0, 8).Select(depth => Bumpy(new Random(depth)))]),
    ];

    public static void Run(int repeats)
    {
        Console.WriteLine($"{Ranks} ranks, milliseconds: median of {repeats} (least to most), of one above 3 s; all bytes allocated, which bounds the peak");
        foreach ((int size, int? levels) in Sizes)
        {
            foreach ((string name, double[][] rows) in Kinds)
            {
                var p = new AcceptanceByDepth([.. rows.Select(row => new AcceptanceVector(row))]);
                TokenTree tree = TokenTree.Root;
                double[] times = Times(repeats, () => tree = OptimalTree.Build(p, size, levels), out long allocated);
                double expected = OptimalTree.ExpectedTokens(tree, p);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{size,5} x {levels?.ToString(CultureInfo.InvariantCulture) ?? "any",3}  {name,-15} {Show(times)}  {allocated / 1e6,6:F1} MB  F {expected:F9}, {tree.Levels} levels  {Naive(rows, size, levels, expected)}"));
            }
        }
    }

    private static string Naive(double[][] rows, int size, int? levels, double expected)
    {
        if (levels is null || 0.5 * size * size * Ranks * levels > MostNaiveSteps)
            return "";
        double naive = 0;
        double[] times = Times(1, () => naive = NaiveRecurrence.Best(rows, size, levels.Value), out _);
        return string.Create(CultureInfo.InvariantCulture, $"plain recurrence {times[0]:F0} ms, F differs by {Math.Abs(naive - expected):E0}");
    }

    private static double[] Times(int repeats, Action run, out long allocated)
    {
        // Long enough for the compiler to have done its best.
        var clock = Stopwatch.StartNew();
        do
            run();
        while (repeats > 1 && clock.ElapsedMilliseconds < 1500);
        double[] times = new double[clock.ElapsedMilliseconds < 15000 ? repeats : 1];
        allocated = 0;
        for (int i = 0; i < times.Length; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            run();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Array.Sort(times);
        return times;
    }

    private static string Show(double[] times) =>
        string.Create(CultureInfo.InvariantCulture, $"{times[times.Length / 2],8:F2} ({times[0]:F2} to {times[^1]:F2})");

    private static double[] NonIncreasing(Random random) => [.. Bumpy(random).OrderDescending()];

    /// <summary>As measured: steep, with a thin tail in which some ranks were never accepted and others more often than the one before.</summary>
    private static double[] Bumpy(Random random)
    {
        double[] p = [.. Enumerable.Range(1, Ranks).Select(k => 0.6 * Math.Pow(k, -2.2) * (random.Next(4) == 0 ? 0 : 0.4 + (1.2 * random.NextDouble())))];
        p[0] = 0.6;
        return p;
    }

    private static double[] AnyOrder(Random random)
    {
        double[] p = [.. Enumerable.Range(0, Ranks).Select(_ => Math.Pow(random.NextDouble(), 6))];
        double sum = p.Sum();
        return [.. p.Select(value => value / sum)];
    }

    /// <summary>As far from concave as can be: each further success costs 32 nodes, and nothing can be left out.</summary>
    private static double[] LastRankOnly() => [.. Enumerable.Repeat(1e-6, Ranks - 1), 0.95];
}
