using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Native.Tests.Planning;

/// <summary>`auto` for a target whose weights are streamed: reading hides what a pass computes, and a tree's memory is taken from resident weights.</summary>
internal sealed class StreamedTreeTests
{
    private const int Context = 128;
    private const long Weights = 1000;

    private static readonly AcceptanceVector P = new([0.7, 0.15, 0.05]);

    /// <summary>Bytes and bytes per second are small numbers here; one chunk is one byte.</summary>
    private static StreamModel Model(double link, long ring = 10, Func<DecoderSizes, long>? streamed = null) => new()
    {
        WeightBytes = Weights,
        PlanFor = sizes => streamed?.Invoke(sizes) is < 0 ? throw new InvalidInputException("memory") : Plan(streamed?.Invoke(sizes) ?? Weights, ring),
        LinkBytesPerSecond = link,
        PrefillRows = 1,
    };

    private static PlacementPlan Plan(long streamed, long ring) =>
        new(new ChunkOrder([.. Enumerable.Repeat(1L, (int)Weights)]), (int)(Weights - streamed), ring, Weights, default);

    [TestCase(3, 1, 10, Description = "reading is the limit, and the ring hides the rest")]
    [TestCase(3, 2, 11, Description = "but for what does not fit the ring")]
    [TestCase(20, 2, 22, Description = "computing is the limit, and nothing hides drafting then")]
    [TestCase(9.5, 1, 10.5, Description = "computing and drafting together are")]
    public void A_step_takes_what_it_reads_or_what_it_computes(double pass, double others, double seconds) =>
        Assert.That(Model(100, 100).StepSeconds(Plan(Weights, 100), pass, others), Is.EqualTo(seconds).Within(1e-9));

    [Test]
    public void Reading_hides_trees_that_memory_would_not_pay_for()
    {
        HardwareCosts costs = SomeCosts.Of(n => n, _ => 0.01);
        Assert.That(AutoTree.Choose(P, costs, Context, int.MaxValue).Tree.Size, Is.EqualTo(1), "in memory");
        TreePlan plan = AutoTree.Choose(P, costs, Context, int.MaxValue, Model(Weights / 16.0));
        Assert.That(plan.Tree.Size, Is.GreaterThan(10).And.LessThanOrEqualTo(17));
        Assert.That(plan.StepSeconds, Is.EqualTo(16).Within(1));
        Assert.That(plan.Speedup, Is.EqualTo(plan.ExpectedTokens * 16 / plan.StepSeconds).Within(1e-9));
    }

    [TestCase(10)]
    [TestCase(100)]
    [TestCase(2000)]
    public void No_optimal_tree_of_any_size_and_depth_is_faster(double link)
    {
        HardwareCosts costs = SomeCosts.Of(n => 1 + (0.06 * (n - 1)), n => 0.1 * (1 + (0.1 * (n - 1))), verify: 0.01);
        // Each row takes 12 bytes of residents.
        StreamModel model = Model(link, 20, sizes => 500 + (12 * sizes.CheckedRows));
        TreePlan best = AutoTree.Choose(P, costs, Context, int.MaxValue, model);
        double plain = Seconds(TokenTree.Root, 0);
        Assert.That(best.Tree.Size == 1 || Math.Abs(best.StepSeconds - Seconds(best.Tree, best.ExpectedTokens)) < 1e-9, Is.True);
        for (int size = 2; size <= 32; size++)
        {
            for (int levels = 2; levels <= size; levels++)
            {
                TokenTree tree = OptimalTree.Build(P, size, levels);
                double tokens = OptimalTree.ExpectedTokens(tree, P);
                Assert.That(tokens * plain / Seconds(tree, tokens), Is.LessThanOrEqualTo(best.BestSpeedup + 1e-9), $"{size} nodes, {levels} levels");
            }
        }

        double Seconds(TokenTree tree, double tokens) => model.StepSeconds(
            model.TryPlan(tree, Context)!, costs.TargetSeconds(tree.Size, Context), costs.DraftingSeconds(tree, Context) + (costs.VerifySeconds * (tree.Size == 1 ? 1 : tokens)));
    }

    [Test]
    public void A_tree_that_does_not_fit_the_memory_is_not_chosen()
    {
        HardwareCosts costs = SomeCosts.Of(n => n, _ => 0.01);
        TreePlan plan = AutoTree.Choose(P, costs, Context, int.MaxValue, Model(1, 10, sizes => sizes.CheckedRows > 6 ? -1 : Weights));
        Assert.That(plan.Tree.Size, Is.InRange(2, 6));
    }

    /// <summary>Trees of thousands of nodes are considered in seconds.</summary>
    [Test]
    public void Trees_of_thousands_of_nodes_are_chosen_where_the_link_is_slow()
    {
        CostPoint[] points = [.. HardwareMeterOptions.StreamedSizes.Select(n => new CostPoint(n, 1e-3 * n, 1e-3 * n, 1e-3 * n))];
        var costs = new HardwareCosts(SomeCosts.Key, DateTimeOffset.UtcNow, 1e-9, [new ContextCosts(Context, new CostCurve(points), SomeCosts.Point(1e-3), new CostCurve(points))]);
        // The acceptance of the paper's appendix E, in shape.
        var acceptance = new AcceptanceVector([0.852, 0.067, 0.026, 0.0133, 0.008, 0.005, 0.004, 0.003, 0.002, 0.0015, 0.001, 0.001]);
        TreePlan plan = AutoTree.Choose(acceptance, costs, Context, 64, Model(Weights / 1000.0, 500));
        Assert.That(plan.Tree.Size, Is.GreaterThan(2000));
        Assert.That(plan.Tree.Levels, Is.LessThanOrEqualTo(64));
    }
}
