namespace Sequoia.Native.Tests.Engine;

/// <summary>Counting which guess was accepted: what must come out where it is known, and the arithmetic of the errors.</summary>
public sealed class AcceptanceMeterTests
{
    private static readonly string[] Prompts = ["Once upon a time", "The dog", "Lily"];
    private static readonly GenerationOptions Options = new() { Temperature = 1, MaxTokens = 60, Seed = 3, IgnoreEos = true };

    [Test]
    public void A_draft_that_is_the_target_is_always_right([Values(SpeculationMethod.Sequoia, SpeculationMethod.SpecInfer)] SpeculationMethod method)
    {
        AcceptanceMeasurement measured = Measure(method, Options);
        Assert.That((measured.Acceptance[1], measured.Steps), Is.EqualTo((1, 180)));
        Assert.That(measured.StandardErrors, Is.All.Zero);
        Assert.That(measured.ExpectedTokens(TokenTree.Chain(4)), Is.EqualTo(5));
    }

    [Test]
    public void The_target_alone_draws_its_likeliest_tokens_most_often_but_not_always()
    {
        AcceptanceVector p = Measure(SpeculationMethod.TargetOnly, Options).Acceptance;
        Assert.That(p[1], Is.GreaterThan(p[2]).And.LessThan(1));
        Assert.That(p.Count, Is.EqualTo(AcceptanceMeter.Width));
    }

    [Test]
    public void Greedy_the_methods_are_one()
    {
        AcceptanceMeasurement[] all = [.. Enum.GetValues<SpeculationMethod>().Select(method => Measure(method, Options with { Temperature = 0 }))];
        Assert.That(all.Select(measured => measured.Acceptance[1]), Is.All.EqualTo(1));
    }

    [Test]
    public async Task Greedy_a_tree_takes_as_many_steps_as_its_replay([Values("chain:3", "chains:3x2", "random")] string shape)
    {
        TokenTree tree = shape == "random" ? TestTrees.Random(9, 24) : TreePolicy.Parse(shape).Resolve(null);
        using LanguageModel target = LanguageModel.Load(Path.Combine(Repository.Root, "models", "target")), draft = LanguageModel.Load(Path.Combine(Repository.Root, "models", "draft"));
        using var generator = new TextGenerator(target, draft, TreePolicy.FromTree(tree));
        GenerationOptions greedy = Options with { Temperature = 0 };
        GenerationStats? stats = null;
        await foreach (GenerationChunk chunk in generator.GenerateAsync("The dog", greedy))
            stats = chunk.Stats ?? stats;
        Assert.That(AcceptanceMeter.Measure(target, draft, ["The dog"], greedy).ByDepth(tree)[0].Steps, Is.EqualTo(stats!.Steps), "visits of the root");
        Assert.That(stats.Steps, Is.InRange(10, 50), "a draft that is always or never right would make this empty");
    }

    [Test]
    public void A_tree_is_walked_along_the_ranks_as_by_hand()
    {
        var measured = new AcceptanceMeasurement(2, [[1, 1, 2, 1, 0, 2], [0, 1]]);
        // Two children, the first with a child of its own. Walks: 1 1 2 (leaf) | 1 0 | 2 and the end | 0 | 1 and the end.
        TokenTree tree = TokenTree.FromParents([-1, 0, 0, 1]);
        Assert.That(measured.ByDepth(tree).Select(depth => depth.Steps), Is.EqualTo([5, 2, 1]));
        Assert.That(measured.ByDepth(tree).Select(depth => depth.Acceptance.Values.ToArray()), Is.EqualTo((double[][])[[0.6, 0.2], [0.5, 0], [0, 1]]));
        Assert.That(measured.ExpectedTokens(tree), Is.EqualTo(1 + 0.8 + (0.8 * 0.5)).Within(1e-12));
        Assert.That(measured.ExpectedTokens(TokenTree.Root), Is.EqualTo(1));
    }

    [Test]
    public void Independent_ranks_give_the_formula_and_runs_of_luck_less()
    {
        AcceptanceVector p = TestTrees.Acceptance;
        var random = new Random(4);
        int[][] ranks = [.. Enumerable.Range(0, 200).Select(_ => Enumerable.Range(0, 200).Select(_ => Rank(p, random.NextDouble())).ToArray())];
        var independent = new AcceptanceMeasurement(p.Count, ranks);
        TokenTree tree = OptimalTree.Build(p, 32);
        // 40,000 positions in steps of about 3: 13,000 steps whose lengths spread by less than 3, so a standard error below 0.026.
        Assert.That(independent.ExpectedTokens(tree), Is.EqualTo(OptimalTree.ExpectedTokens(tree, p)).Within(0.1));
        // The same ranks with the likes together: the same vector, longer runs than a tree has levels.
        var sorted = new AcceptanceMeasurement(p.Count, [[.. ranks.SelectMany(prompt => prompt).Order()]]);
        Assert.That(sorted.Acceptance.Values.ToArray(), Is.EqualTo(independent.Acceptance.Values.ToArray()));
        Assert.That(sorted.ExpectedTokens(tree), Is.Not.EqualTo(independent.ExpectedTokens(tree)).Within(0.3));
    }

    [Test]
    public void The_errors_are_those_of_a_count_by_hand()
    {
        var two = new AcceptanceMeasurement(2, [[1, 1, 2, 1, 0, 2], [0, 1]]);
        Assert.That(two.Acceptance.Values.ToArray(), Is.EqualTo([0.5, 0.25]));
        // Child 1 was accepted 3 times in 6 steps and once in 2: always a half, so the prompts do not differ.
        // Child 2: 2 in 6 and 0 in 2; residuals 2 - 6/4 and 0 - 2/4; variance 2/1 (1/4 + 1/4) / 8^2.
        Assert.That(two.StandardErrors, Is.EqualTo([0, 1 / 8.0]).Within(1e-12));
        var one = new AcceptanceMeasurement(1, [[1, 0, 1, 1]]);
        Assert.That(one.StandardErrors, Is.EqualTo([Math.Sqrt(0.75 * 0.25 / 4)]).Within(1e-12), "with one prompt binomial");
    }

    [Test]
    public void What_was_not_measured_is_refused()
    {
        Assert.That(() => new AcceptanceMeasurement(2, [[3]]), Throws.TypeOf<InvalidInputException>().With.Message.Contains("not in 0..2"));
        Assert.That(() => new AcceptanceMeasurement(2, []), Throws.TypeOf<InvalidInputException>().With.Message.Contains("there is none"));
        Assert.That(() => new AcceptanceMeasurement(2, [[1]]).ExpectedTokens(TokenTree.Chains(3, 1)), Throws.TypeOf<InvalidInputException>().With.Message.Contains("3 children"));
    }

    private static int Rank(AcceptanceVector p, double u)
    {
        for (int rank = 1; rank <= p.Count; rank++)
        {
            if ((u -= p[rank]) < 0)
                return rank;
        }
        return 0;
    }

    private static AcceptanceMeasurement Measure(SpeculationMethod method, GenerationOptions options)
    {
        using LanguageModel model = LanguageModel.Load(TestModel.Stories260K);
        return AcceptanceMeter.Measure(model, model, Prompts, options, method);
    }
}
