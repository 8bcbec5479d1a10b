using Sequoia.Native.Trees;

namespace Sequoia.Native.Tests.Trees;

/// <summary>
/// The optimizer against methods that share nothing with it: all trees there are, and the paper's recurrence. Only F is
/// compared, as different trees may have the same.
/// </summary>
public class OptimalTreeExactnessTests
{
    private const double Tolerance = 1e-9;

    [Test]
    public void No_tree_at_all_is_better()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            var random = new Random(seed);
            double[][] rows = RandomAcceptance.Rows(random, mostRows: seed % 2 == 0 ? 1 : 4, mostRanks: 5);
            AcceptanceByDepth p = Matrix(rows);
            int size = 1 + random.Next(9);
            int? levels = random.Next(3) == 0 ? null : 1 + random.Next(size);
            TokenTree best = OptimalTree.Build(p, size, levels);
            Assert.That(best.Size, Is.LessThanOrEqualTo(size));
            Assert.That(best.Levels, Is.LessThanOrEqualTo(levels ?? size));
            Assert.That(OptimalTree.ExpectedTokens(best, p), Is.EqualTo(AllTrees.Best(rows, size, levels ?? size)).Within(Tolerance), $"seed {seed}");
        }
    }

    [Test]
    public void A_thousand_vectors_agree_with_the_recurrence_of_the_paper()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            var random = new Random(seed);
            AssertAgrees(random, RandomAcceptance.Rows(random, mostRows: 1, mostRanks: 16), 1 + random.Next(90), 1 + random.Next(12), seed);
        }
    }

    [Test]
    public void A_thousand_matrices_agree_with_the_recurrence_of_the_paper()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            var random = new Random(seed);
            AssertAgrees(random, RandomAcceptance.Rows(random, mostRows: 6, mostRanks: 12), 1 + random.Next(60), 1 + random.Next(9), seed);
        }
    }

    [Test]
    public void Large_trees_agree_with_the_recurrence_of_the_paper()
    {
        // Long enough for every stretch that the search takes at once.
        for (int seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            double[][] rows = RandomAcceptance.Rows(random, mostRows: 1 + (seed % 3), mostRanks: 32);
            AssertBest(rows, 700, 9, NaiveRecurrence.Best(rows, 700, 9), $"seed {seed}");
        }
        double[] lastRankOnly = [.. Enumerable.Repeat(1e-6, 19), 0.9];
        AssertBest([lastRankOnly], 1500, 12, NaiveRecurrence.Best([lastRankOnly], 1500, 12), "last rank only");
    }

    [Test]
    public void Values_for_all_sizes_and_levels_agree_with_the_recurrence_of_the_paper()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            double[][] rows = RandomAcceptance.Rows(random, mostRows: 4, mostRanks: 6);
            if (seed % 3 == 0)
                rows = [.. rows.Select(row => row.OrderDescending().ToArray())];
            int size = 1 + random.Next(20);
            List<double[]> table = [.. OptimalTree.ExpectedTokensByLevels(Matrix(rows), size)];
            Assert.That(table, Has.Count.InRange(1, size), $"seed {seed}");
            for (int levels = 1; levels <= size; levels++)
            {
                double[] bySize = table[Math.Min(levels, table.Count) - 1];
                Assert.That(bySize, Has.Length.EqualTo(size + 1));
                for (int n = 1; n <= size; n++)
                    Assert.That(bySize[n], Is.EqualTo(NaiveRecurrence.Best(rows, n, levels)).Within(Tolerance), $"seed {seed}, {n} nodes, {levels} levels");
            }
        }
    }

    /// <summary>Every method that can do it, not only the one that is chosen.</summary>
    private static void AssertAgrees(Random random, double[][] rows, int size, int levels, int seed)
    {
        if (random.Next(4) == 0)
            rows = [.. rows.Select(row => row.OrderDescending().ToArray())];
        levels = Math.Min(levels, size);
        double expected = NaiveRecurrence.Best(rows, size, levels);
        AssertBest(rows, size, levels, expected, $"seed {seed}");
        AssertBest(rows, size, null, NaiveRecurrence.Best(rows, size, size), $"seed {seed}, any levels");

        AcceptanceByDepth p = Matrix(rows);
        int usefulLevels = levels;
        double[][] useful = UsefulRows.Of(p, size, ref usefulLevels);
        if (useful.Length == 0)
            return;
        var tables = new SubtreeTables(useful, size, usefulLevels);
        Assert.That(Of(TreeBacktrack.Parents(tables, size)), Is.EqualTo(expected).Within(Tolerance), $"seed {seed}, by tables");
        if (UsefulRows.AreNonIncreasing(useful))
            Assert.That(Of(GreedyTree.Grow(useful, size, usefulLevels).Parents), Is.EqualTo(expected).Within(Tolerance), $"seed {seed}, greedily");

        double Of(int[] parents) => OptimalTree.ExpectedTokens(TokenTree.FromParents(parents), p);
    }

    private static void AssertBest(double[][] rows, int size, int? levels, double expected, string what)
    {
        AcceptanceByDepth p = Matrix(rows);
        TokenTree tree = OptimalTree.Build(p, size, levels);
        Assert.That(tree.Size, Is.LessThanOrEqualTo(size), what);
        Assert.That(tree.Levels, Is.LessThanOrEqualTo(levels ?? size), what);
        Assert.That(OptimalTree.ExpectedTokens(tree, p), Is.EqualTo(expected).Within(Tolerance), what);
    }

    private static AcceptanceByDepth Matrix(double[][] rows) => new([.. rows.Select(row => new AcceptanceVector(row))]);
}
