namespace Sequoia.Native.Tests.Trees;

/// <summary>Known values of the paper's objective, bounds, and input that is refused. See also <see cref="OptimalTreeExactnessTests"/>.</summary>
public class OptimalTreeTests
{
    private static readonly double[] Halves = [0.5, 0.25, 0.125, 0.0625];
    private static readonly double[] Steep = [0.7, 0.15, 0.05, 0.03, 0.02];

    [TestCase(5, 3, 17.0 / 8)]
    [TestCase(5, 4, 17.0 / 8)]
    [TestCase(5, null, 17.0 / 8)]
    [TestCase(8, 3, 39.0 / 16)]
    [TestCase(8, 4, 5.0 / 2)]
    [TestCase(16, 3, 177.0 / 64)]
    [TestCase(16, 4, 95.0 / 32)]
    [TestCase(16, 5, 3.0)]
    public void Known_values_of_halves(int size, int? levels, double expected) => AssertBest(Halves, size, levels, expected, 1e-12);

    [TestCase(3, 2.7435, 1e-12)]
    [TestCase(6, 3.52167, 1e-12)]
    [TestCase(null, 3.5746733, 1e-6)]
    public void Known_values_of_a_steep_vector(int? levels, double expected, double tolerance) => AssertBest(Steep, 12, levels, expected, tolerance);

    [TestCase(64, 7, 3.788001)]
    [TestCase(128, 10, 4.192108)]
    [TestCase(513, 33, 4.887144)]
    public void Known_values_of_the_published_vector(int size, int levels, double expected) =>
        AssertBest(Published().Values.ToArray(), size, levels, expected, 1e-6);

    [Test]
    public void Expected_tokens_of_chains()
    {
        var p = new AcceptanceVector(Steep);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(OptimalTree.ExpectedTokens(TokenTree.Root, p), Is.EqualTo(1));
            for (int n = 2; n <= 40; n++)
                Assert.That(OptimalTree.ExpectedTokens(TokenTree.Chain(n - 1), p), Is.EqualTo((1 - Math.Pow(0.7, n)) / 0.3).Within(1e-12));
            Assert.That(OptimalTree.ExpectedTokens(TokenTree.Chains(3, 5), p), Is.EqualTo(1 + (0.9 * (1 - Math.Pow(0.7, 5)) / 0.3)).Within(1e-12));
            Assert.That(OptimalTree.ExpectedTokens(TokenTree.Chains(16, 32), Published()), Is.EqualTo(3.475409).Within(1e-6));
        }
    }

    [Test]
    public void The_optimizer_round_trip_of_the_published_vector()
    {
        (int Size, double Time)[] target = [(1, 10), (2, 10), (4, 10), (8, 12), (16, 14), (32, 18)];
        const double Draft = 0.3;
        double least = double.PositiveInfinity;
        TokenTree best = TokenTree.Root;
        foreach ((int size, double time) in target)
        {
            for (int levels = 1; levels <= 10; levels++)
            {
                TokenTree tree = OptimalTree.Build(Published(), size, levels);
                double perToken = (time + (tree.Size == 1 ? 0 : tree.Levels * Draft)) / OptimalTree.ExpectedTokens(tree, Published());
                if (perToken < least)
                    (least, best) = (perToken, tree);
            }
        }
        Assert.That(best.Parents.ToArray(), Is.EqualTo(TokenTree.Chain(3).Parents.ToArray()));
        Assert.That(least, Is.EqualTo(4.887774).Within(1e-6));
        Assert.That(target[0].Time / least, Is.EqualTo(2.045921).Within(1e-6));
    }

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

    [Test]
    public void What_cannot_be_filled_leaks_no_infinity()
    {
        // 7 nodes on 2 levels are infeasible with 5 ranks: 6 are the most.
        double[] values = [0, 0.2, 0.3, 0, 0.4];
        List<double[]> expected = [.. OptimalTree.ExpectedTokensByLevels(new AcceptanceByDepth(new AcceptanceVector(values)), 7)];
        Assert.That(expected.SelectMany(bySize => bySize), Has.All.InRange(0, 7));
        Assert.That(expected[1], Is.EqualTo((double[])[0, 1, 1, 1.2, 1.5, 1.5, 1.9, 1.9]).Within(1e-12), "two levels");
        AssertBest(values, 7, 2, 1.9, 1e-12);
    }

    [Test]
    public void Acceptance_by_depth_gives_each_depth_its_row()
    {
        // The second row is used below the first children only, the third one everywhere below that.
        var p = new AcceptanceByDepth(new AcceptanceVector([0.5, 0.25]), new AcceptanceVector([0.1]), new AcceptanceVector([0, 0.8]));
        TokenTree tree = TokenTree.FromParents([-1, 0, 0, 1, 3, 3, 5, 5]);
        Assert.That(OptimalTree.ReachedShares(tree, p), Is.EqualTo((double[])[1, 0.5, 0.25, 0.05, 0, 0.04, 0, 0.032]).Within(1e-15));
        Assert.That(OptimalTree.Build(p, 3).Parents.ToArray(), Is.EqualTo((int[])[-1, 0, 0]));
        Assert.That(OptimalTree.Build(p, 8).Parents.ToArray(), Is.EqualTo(tree.Parents.ToArray()));
        Assert.That(OptimalTree.Build(new AcceptanceByDepth(new AcceptanceVector([0.5]), new AcceptanceVector([0])), 9).Size, Is.EqualTo(2), "no hope below the first child");
    }

    [Test]
    public void Two_thousand_nodes_need_little_memory()
    {
        var p = new AcceptanceVector([.. Enumerable.Repeat(1e-6, 31), 0.95]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        OptimalTree.Build(p, 2048, 32);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(100e6));
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
        TokenTree tree = TokenTree.Root;
        TimeSpan spent = ThreadTime.Of(() => tree = OptimalTree.Build(p, 1024, levels));
        // Slack for neighbours in the caches and an unoptimised build; it takes a tenth of that.
        Assert.That(spent, Is.LessThan(TimeSpan.FromSeconds(3)));
        TestContext.Out.WriteLine($"{spent.TotalMilliseconds:F0} ms, F = {OptimalTree.ExpectedTokens(tree, p):F6}, {tree.Size} nodes, {tree.Levels} levels");
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
}
