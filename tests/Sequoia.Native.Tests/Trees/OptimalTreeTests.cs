using System.Diagnostics;
using CsCheck;
using Sequoia.Native.Trees;

namespace Sequoia.Native.Tests.Trees;

public class OptimalTreeTests
{
    private static readonly double[] Halves = [0.5, 0.25, 0.125, 0.0625];
    private static readonly double[] Steep = [0.7, 0.15, 0.05, 0.03, 0.02];

    [TestCase(5, 3, 17.0 / 8)]
    [TestCase(8, 3, 39.0 / 16)]
    [TestCase(8, 4, 5.0 / 2)]
    [TestCase(16, 3, 177.0 / 64)]
    [TestCase(16, 4, 95.0 / 32)]
    [TestCase(16, 5, 3.0)]
    public void Known_values_of_halves(int size, int levels, double expected) => AssertBest(Halves, size, levels, expected, 1e-12);

    [TestCase(3, 2.7435)]
    [TestCase(6, 3.52167)]
    [TestCase(null, 3.5746733)]
    public void Known_values_of_a_steep_vector(int? levels, double expected) => AssertBest(Steep, 12, levels, expected, 5e-8);

    [TestCase(64, 7, 3.788001)]
    [TestCase(128, 10, 4.192108)]
    [TestCase(513, 33, 4.887144)]
    public void Known_values_of_the_published_vector(int size, int levels, double expected) =>
        AssertBest(Published().Values.ToArray(), size, levels, expected, 5e-7);

    [Test]
    public void Expected_tokens_of_chains()
    {
        var p = new AcceptanceVector(Steep);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(OptimalTree.ExpectedTokens(TokenTree.Root, p), Is.EqualTo(1));
            Assert.That(OptimalTree.ExpectedTokens(TokenTree.Chain(9), p), Is.EqualTo((1 - Math.Pow(0.7, 10)) / 0.3).Within(1e-12));
            Assert.That(OptimalTree.ExpectedTokens(TokenTree.Chains(3, 5), p), Is.EqualTo(1 + (0.9 * (1 - Math.Pow(0.7, 5)) / 0.3)).Within(1e-12));
            Assert.That(OptimalTree.ExpectedTokens(TokenTree.Chains(16, 32), Published()), Is.EqualTo(3.475409).Within(5e-7));
        }
    }

    [Test]
    public void No_tree_at_all_is_better()
    {
        // Sums of small halves, with zeros, bumps and ties; a sum over 1 is scaled down.
        Gen.Select(Gen.Int[0, 8].Array[1, 5], Gen.Int[1, 8], Gen.Int[0, 8]).Sample((parts, size, levelsOrNone) =>
        {
            double scale = Math.Max(8, parts.Sum());
            var p = new AcceptanceVector(parts.Select(part => part / scale).ToArray());
            int? levels = levelsOrNone == 0 ? null : levelsOrNone;
            TokenTree best = OptimalTree.Build(p, size, levels);
            Assert.That(best.Size, Is.LessThanOrEqualTo(size));
            Assert.That(best.Levels, Is.LessThanOrEqualTo(levels ?? size));
            Assert.That(OptimalTree.ExpectedTokens(best, p), Is.EqualTo(BestOfAll(p, size, levels ?? size)).Within(1e-9));
        }, iter: 400);
    }

    [Test]
    public void Greedy_and_both_dynamic_programs_agree_on_non_increasing_vectors() =>
        Gen.Select(Gen.Double[0, 1].Array[1, 6], Gen.Int[2, 60], Gen.Int[2, 60]).Sample((parts, size, levels) =>
        {
            double scale = Math.Max(1, parts.Sum());
            double[] values = [.. parts.Select(part => part / scale).OrderDescending()];
            var p = new AcceptanceVector(values);
            levels = Math.Min(levels, size);
            double Of(int[] parents) => OptimalTree.ExpectedTokens(TokenTree.FromParents(parents), p);
            Assert.That(Of(LevelBoundTree.Parents(values, size, levels)), Is.EqualTo(Of(GreedyTree.Parents(values, size, levels))).Within(1e-9));
            Assert.That(Of(UnboundedTree.Parents(values, size)), Is.EqualTo(Of(GreedyTree.Parents(values, size, size))).Within(1e-9));
        }, iter: 300);

    [Test]
    public void Both_dynamic_programs_agree_with_the_plain_one() =>
        Gen.Select(Gen.Frequency((1, Gen.Const(0.0)), (3, Gen.Double[0, 1]), (1, Gen.Const(0.25))).Array[1, 12], Gen.Int[2, 90], Gen.Int[2, 12]).Sample((parts, size, levels) =>
        {
            double scale = Math.Max(1, parts.Sum());
            double[] values = [.. parts.Select(part => part / scale)];
            var p = new AcceptanceVector(values);
            levels = Math.Min(levels, size);
            double Of(int[] parents) => OptimalTree.ExpectedTokens(TokenTree.FromParents(parents), p);
            Assert.That(Of(LevelBoundTree.Parents(values, size, levels)), Is.EqualTo(Plain(values, size, levels)).Within(1e-9));
            Assert.That(Of(UnboundedTree.Parents(values, size)), Is.EqualTo(Plain(values, size, size)).Within(1e-9));
        }, iter: 200);

    [Test]
    public void Sizes_that_cannot_be_filled_give_smaller_trees()
    {
        var p = new AcceptanceVector([0.3, 0.1, 0.3]);
        TokenTree tree = OptimalTree.Build(p, 7, 2);
        Assert.That((tree.Size, tree.Levels), Is.EqualTo((4, 2)), "three ranks, one level below the root");
        Assert.That(OptimalTree.Build(p, 1).Size, Is.EqualTo(1));
        Assert.That(OptimalTree.Build(p, 9, 1).Size, Is.EqualTo(1));
        Assert.That(OptimalTree.Build(new AcceptanceVector([0, 0]), 9).Size, Is.EqualTo(1), "guesses that are never right");
        Assert.That(OptimalTree.Build(new AcceptanceVector([0, 0.9]), 3).Parents.ToArray(), Is.EqualTo((int[])[-1, 0, 0]), "rank 2 needs a rank 1");
    }

    [TestCase(0, 1)]
    [TestCase(65537, 1)]
    [TestCase(2, 0)]
    public void Bounds_out_of_range_are_refused(int size, int levels) =>
        Assert.That(() => OptimalTree.Build(new AcceptanceVector([0.5]), size, levels), Throws.InstanceOf<InvalidInputException>());

    [TestCase(null)]
    [TestCase(10)]
    [TestCase(500)]
    public void A_thousand_nodes_take_less_than_a_second(int? levels)
    {
        AcceptanceVector p = Published();
        OptimalTree.Build(p, 100, levels);
        var clock = Stopwatch.StartNew();
        TokenTree tree = OptimalTree.Build(p, 1024, levels);
        // Slack for a busy machine and an unoptimised build; it takes a tenth of that.
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(3)));
        TestContext.Out.WriteLine($"{clock.ElapsedMilliseconds} ms, F = {OptimalTree.ExpectedTokens(tree, p):F6}, {tree.Size} nodes, {tree.Levels} levels");
    }

    private static AcceptanceVector Published() => AcceptanceVector.Load(SharedData.Path("acceptance", "published.json"));

    private static void AssertBest(double[] values, int size, int? levels, double expected, double tolerance)
    {
        var p = new AcceptanceVector(values);
        TokenTree tree = OptimalTree.Build(p, size, levels);
        Assert.That(OptimalTree.ExpectedTokens(tree, p), Is.EqualTo(expected).Within(tolerance));
        Assert.That(tree.Size, Is.LessThanOrEqualTo(size));
        Assert.That(tree.Levels, Is.LessThanOrEqualTo(levels ?? size));
    }

    // The recurrence of the paper, as it stands but with "at most n nodes".
    private static double Plain(double[] p, int size, int levels)
    {
        double[] best = [.. Enumerable.Range(0, size + 1).Select(n => n == 0 ? 0.0 : 1.0)];
        for (int level = 2; level <= levels; level++)
        {
            double[] added = new double[size];
            for (int k = p.Length - 1; k >= 0; k--)
            {
                double[] younger = added;
                added = [.. Enumerable.Range(0, size).Select(m => Enumerable.Range(1, m).Select(j => (p[k] * best[j]) + younger[m - j]).Append(0).Max())];
            }
            best = [0, .. added.Select(sum => 1 + sum)];
        }
        return best[size];
    }

    // All trees: each further node goes below any earlier one. Shapes come up several times, which does no harm.
    private static double BestOfAll(AcceptanceVector p, int size, int levels)
    {
        int[] parents = new int[size];
        int[] depths = new int[size];
        int[] children = new int[size];
        double[] reached = new double[size];
        parents[0] = -1;
        reached[0] = 1;
        return Extend(1, 1);

        double Extend(int count, double sum)
        {
            double best = sum;
            for (int parent = 0; count < size && parent < count; parent++)
            {
                if (depths[parent] + 1 >= levels)
                    continue;
                children[parent]++;
                children[count] = 0;
                depths[count] = depths[parent] + 1;
                reached[count] = reached[parent] * p[children[parent]];
                best = Math.Max(best, Extend(count + 1, sum + reached[count]));
                children[parent]--;
            }
            return best;
        }
    }
}
