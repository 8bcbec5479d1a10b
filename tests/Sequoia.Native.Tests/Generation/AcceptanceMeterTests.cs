using Sequoia.Native.Generation;

namespace Sequoia.Native.Tests.Generation;

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
        Assert.That(measured.StepsByDepth[0], Is.EqualTo(3), "only a text's first step comes after no acceptance");
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
    public void The_depths_are_parts_of_the_whole()
    {
        AcceptanceMeasurement measured = Measure(SpeculationMethod.TargetOnly, Options);
        Assert.That(measured.StepsByDepth.Sum(), Is.EqualTo(measured.Steps));
        for (int rank = 1; rank <= AcceptanceMeter.Width; rank++)
        {
            double accepted = measured.ByDepth.Zip(measured.StepsByDepth, (p, steps) => p[rank] * steps).Sum();
            Assert.That(accepted / measured.Steps, Is.EqualTo(measured.Acceptance[rank]).Within(1e-12), "sums of 16 doubles below 1");
        }
    }

    [Test]
    public void Depths_rows_and_errors_are_those_of_a_count_by_hand()
    {
        var counts = new AcceptanceCounts(width: 2, depths: 3);
        counts.NextPrompt();
        foreach (int rank in (int[])[1, 1, 2, 1, 0, 2])
            counts.Add(rank);
        counts.NextPrompt();
        foreach (int rank in (int[])[0, 1])
            counts.Add(rank);
        AcceptanceMeasurement result = counts.Result();
        Assert.That(result.Acceptance.Values.ToArray(), Is.EqualTo([0.5, 0.25]));
        Assert.That(result.StepsByDepth, Is.EqualTo([4, 1, 3]), "depth 0: both beginnings and after both rejections; from depth 2 on one row");
        Assert.That(result.ByDepth.Select(p => p.Values.ToArray()), Is.EqualTo((double[][])[[0.5, 0.25], [1, 0], [1 / 3.0, 1 / 3.0]]));
        // Child 1 was accepted 3 times in 6 steps and once in 2: always a half, so the prompts do not differ.
        // Child 2: 2 in 6 and 0 in 2; residuals 2 - 6/4 and 0 - 2/4; variance 2/1 (1/4 + 1/4) / 8^2.
        Assert.That(result.StandardErrors, Is.EqualTo([0, 1 / 8.0]).Within(1e-12));
    }

    [Test]
    public void With_one_prompt_the_errors_are_binomial()
    {
        var counts = new AcceptanceCounts(width: 1, depths: 1);
        counts.NextPrompt();
        foreach (int rank in (int[])[1, 0, 1, 1])
            counts.Add(rank);
        Assert.That(counts.Result().StandardErrors, Is.EqualTo([Math.Sqrt(0.75 * 0.25 / 4)]).Within(1e-12));
    }

    private static AcceptanceMeasurement Measure(SpeculationMethod method, GenerationOptions options)
    {
        using LanguageModel model = LanguageModel.Load(TestModel.Stories260K);
        return AcceptanceMeter.Measure(model, model, Prompts, options, method);
    }
}
