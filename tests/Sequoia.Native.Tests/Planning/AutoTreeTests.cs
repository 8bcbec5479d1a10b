namespace Sequoia.Native.Tests.Planning;

internal sealed class AutoTreeTests
{
    private static readonly AcceptanceVector P = new([0.7, 0.15, 0.05]);

    [Test]
    public void Where_further_tokens_cost_as_much_as_the_first_nothing_is_drafted()
    {
        TreePlan plan = AutoTree.Choose(P, SomeCosts.Of(n => n, _ => 0.01), 128, int.MaxValue);
        Assert.That((plan.Tree.Size, plan.Speedup, plan.ExpectedTokens), Is.EqualTo((1, 1.0, 1.0)));
        // Two nodes: 1.7 tokens in 2 + 0.01.
        Assert.That(plan.BestSpeedup, Is.EqualTo(1.7 / 2.01).Within(1e-6));
    }

    [Test]
    public void Where_further_tokens_and_drafts_cost_nothing_the_tree_is_as_large_as_was_measured()
    {
        TreePlan plan = AutoTree.Choose(P, SomeCosts.Of(_ => 1, _ => 1e-9), 128, int.MaxValue);
        Assert.That(plan.Tree.Size, Is.GreaterThan(28));
        Assert.That(plan.Speedup, Is.EqualTo(plan.ExpectedTokens).Within(1e-6));
    }

    [TestCase(0.02)]
    [TestCase(0.1)]
    [TestCase(0.3)]
    public void No_optimal_tree_of_any_size_and_depth_is_faster(double draft)
    {
        HardwareCosts costs = SomeCosts.Of(n => 1 + (0.06 * (n - 1)), n => draft * (1 + (0.1 * (n - 1))), verify: 0.01);
        TreePlan plan = AutoTree.Choose(P, costs, 128, int.MaxValue);
        double plain = 1.01;
        for (int size = 2; size <= 16; size++)
        {
            for (int levels = 2; levels <= size; levels++)
            {
                TokenTree tree = OptimalTree.Build(P, size, levels);
                double tokens = OptimalTree.ExpectedTokens(tree, P), seconds = 1 + (0.06 * (tree.Size - 1)) + (0.01 * tokens);
                for (int level = 0; level < tree.Levels - 1; level++)
                {
                    int inner = Enumerable.Range(tree.LevelStart(level), tree.LevelCount(level)).Count(node => tree.ChildCount(node) > 0);
                    seconds += draft * (1 + (0.1 * (inner - 1)));
                }
                Assert.That(tokens * plain / seconds, Is.LessThanOrEqualTo(plan.Speedup + 1e-9), $"{size} nodes, {levels} levels");
            }
        }
    }

    [Test]
    public void A_gain_within_the_prediction_s_error_is_not_taken()
    {
        // 1.7 tokens in 1.66 + 0.01: 1.018 times as fast.
        TreePlan plan = AutoTree.Choose(new AcceptanceVector([0.7]), SomeCosts.Of(n => n == 1 ? 1 : 1.66 * n / 2, _ => 0.01), 128, int.MaxValue);
        Assert.That((plan.Tree.Size, plan.Speedup), Is.EqualTo((1, 1.0)));
        Assert.That(plan.BestSpeedup, Is.GreaterThan(1));
    }

    /// <summary>A draft that is nearly always right is worth a chain, and a device computes so many levels.</summary>
    [Test]
    public void No_tree_is_deeper_than_the_device_computes([Values(2, 9)] int levels)
    {
        var sure = new AcceptanceVector([0.99]);
        HardwareCosts costs = SomeCosts.Of(_ => 1, _ => 1e-9);
        Assert.That(AutoTree.Choose(sure, costs, 128, int.MaxValue).Tree.Levels, Is.GreaterThan(9));
        Assert.That(AutoTree.Choose(sure, costs, 128, levels).Tree.Levels, Is.EqualTo(levels));
    }

    [Test]
    public void Costs_lie_between_those_of_the_measured_contexts()
    {
        var costs = new HardwareCosts(SomeCosts.Key, DateTimeOffset.UtcNow, 1,
            [new ContextCosts(100, SomeCosts.Curve(_ => 10), SomeCosts.Point(5), SomeCosts.Curve(_ => 1)), new ContextCosts(200, SomeCosts.Curve(_ => 20), SomeCosts.Point(7), SomeCosts.Curve(_ => 3))]);
        Assert.That(new[] { 50, 100, 150, 200, 900 }.Select(context => costs.TargetSeconds(4, context)), Is.EqualTo(new[] { 10, 10, 15, 20, 20 }));
        Assert.That(costs.DraftSeconds(1, 125), Is.EqualTo(1.5));
        Assert.That(costs.PlainSeconds(150), Is.EqualTo(16));
        // Root 6, one more level of one node 2, the pass 15, and three tokens.
        Assert.That(costs.StepSeconds(TokenTree.Chain(2), 3, 150), Is.EqualTo(26));
    }
}
