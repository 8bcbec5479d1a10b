using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>verify_tree and its twin against TreeVerifier, bit for bit.</summary>
internal sealed class VerifyTreeTests : CudaFixture
{
    private static CudaKernels Kernels => TestGpu.Sound.Any;

    [Test]
    public void Equals_the_reference_on_random_cases()
    {
        int verdicts = 0, accepted = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            accepted += VerifyCases.Check(Kernels, VerifyCases.Random(seed), times: 8, block: 128);
            verdicts += 8;
        }
        TestContext.Out.WriteLine($"{verdicts} verdicts, {accepted} nodes");
        // Beyond the root: paths do go down.
        Assert.That(accepted, Is.GreaterThan(verdicts * 3 / 2));
    }

    [Test]
    public void Equals_the_reference_by_the_methods_to_compare_with(
        [Values(SpeculationMethod.SpecInfer, SpeculationMethod.TargetOnly)] SpeculationMethod method)
    {
        int accepted = 0;
        for (int seed = 0; seed < 160; seed++)
        {
            accepted += VerifyCases.Check(Kernels, VerifyCases.Random(seed, method: method), times: 6, block: 128);
            if (seed % 4 == 0)
                VerifyCases.Check(Kernels, VerifyCases.Random(seed, method: method), times: 2, twin: true);
        }
        Assert.That(accepted, Is.GreaterThan(160 * 6 * 5 / 4));
    }

    [Test]
    public void Equals_the_reference_on_large_vocabularies([Values(32_000, 128_256)] int vocabulary)
    {
        for (int seed = 5; seed < 11; seed++)
            VerifyCases.Check(Kernels, VerifyCases.Random(seed, vocabulary), times: 2, block: 1024);
    }

    /// <summary>Children that were not drawn: any tokens, in any order, impossible ones among them.</summary>
    [Test]
    public void Equals_the_reference_for_any_children()
    {
        for (int seed = 500; seed < 560; seed++)
            VerifyCases.Check(Kernels, VerifyCases.Random(seed), times: 4, shuffledChildren: seed);
    }

    [Test]
    public void Equals_the_reference_when_the_drafts_mass_is_used_up()
    {
        for (int seed = 0; seed < 60; seed++)
            VerifyCases.Check(Kernels, VerifyCases.UsedUp(seed), times: 8, block: 128);
    }

    [Test]
    public void Threads_change_no_bit([Values(256, 512, 1024)] int threads)
    {
        for (int seed = 1000; seed < 1010; seed++)
            VerifyCases.Check(Kernels, VerifyCases.Random(seed), times: 3, threads);
    }

    [Test]
    public void Twin_equals_the_reference()
    {
        for (int seed = 2000; seed < 2060; seed++)
            VerifyCases.Check(Kernels, VerifyCases.Random(seed), times: 3, twin: true);
    }

    [Test]
    public void Is_clean_in_every_order([Values] Schedule schedule)
    {
        for (int seed = 3000; seed < 3018; seed++)
        {
            using var _ = new Launching(Launching.Checked(schedule, seed));
            VerifyCases.Check(Kernels, VerifyCases.Random(seed), times: 2);
        }
    }

    /// <summary>A lone root draws as autoregressive decoding does.</summary>
    [Test]
    public void A_lone_root_equals_the_reference([Values(0f, 0.7f)] float temperature)
    {
        foreach ((int times, bool twin) in ((int, bool)[])[(40, false), (4, true)])
        {
            var inputs = new VerifyInputs(DrawCases.Filled(TokenTree.Root, 200, new SamplingOptions(temperature, 0.9f), LogitKind.Usual), nodes: 1, seed: 0);
            HardRows.Fill(inputs.Target.Span(0), LogitKind.Usual, new Random(1));
            Assert.That(VerifyCases.Check(Kernels, inputs, times, twin: twin), Is.EqualTo(times));
        }
    }

    [Test]
    public void Damaged_logits_end_the_verification_with_a_flag([Values(0f, 0.8f)] float temperature, [Values(float.NaN, float.NegativeInfinity)] float damage)
    {
        foreach (bool twin in (bool[])[false, true])
        {
            VerifyInputs inputs = Chain(temperature);
            inputs.Target.Span(2).Fill(damage);
            // The draft is the target: node 2 is reached for certain.
            Assert.That(VerifyCases.Check(Kernels, inputs, times: 2, twin: twin), Is.Zero);
        }
    }

    [Test]
    public void One_damaged_logit_is_enough([Values(0f, 0.8f)] float temperature)
    {
        VerifyInputs inputs = Chain(temperature);
        inputs.Target.Span(1)[^1] = BitConverter.UInt32BitsToSingle(0x7F800001);
        using VerifyTreeProblem problem = VerifyCases.Problem(Kernels, inputs);
        ProblemCheck.Kernel(problem);
        Assert.That((problem.Errors, problem.Outcome), Is.EqualTo((LogitDamage.Target, new Outcome { Errors = LogitDamage.Target })));
    }

    /// <summary>What was drawn from damaged logits is not looked at: there is no distribution to verify it by.</summary>
    [Test]
    public void An_earlier_error_ends_the_verification_at_once()
    {
        using VerifyTreeProblem problem = VerifyCases.Problem(Kernels, Chain(0.8f));
        problem.Begin(new RandomKey(1, 1), LogitDamage.Draft);
        problem.Launch();
        Assert.That((problem.Errors, problem.Outcome), Is.EqualTo((LogitDamage.Draft, new Outcome { Errors = LogitDamage.Draft })));
    }

    // What every thread asks for beside the rows, of each visited node: its place in the tree, children, tokens, scales: 12 words at most.
    private const long BesideOfNode = 12 * sizeof(int) * 1024;

    /// <summary>The formulas of verify_tree.cu's header, of a chain whose draft is the target: each child is accepted, and the leaf draws.</summary>
    [TestCase(1f, 1f, 0, 8)]
    [TestCase(1f, 1f, 7, 20)]
    [TestCase(1f, 0.9f, 0, 24)]
    public void Accepted_children_cost_their_nodes_distributions(float temperature, float topP, int topK, int bytesOfRow)
    {
        const int Levels = 3, Vocabulary = 8192;
        var drafted = new DraftedTree(TokenTree.Chain(Levels - 1), Vocabulary, new SamplingOptions(temperature, topP, topK), new RandomKey(1, 2), shuffle: 1);
        var inputs = new VerifyInputs(drafted, Levels, seed: 0);
        Span<float> first = inputs.Target.Span(0);
        HardRows.Fill(first, LogitKind.Usual, new Random(1));
        for (int node = 1; node < Levels; node++)
            first.CopyTo(inputs.Target.Span(node));
        for (int row = 0; row < drafted.Rows; row++)
            first.CopyTo(drafted.Row(row));
        using VerifyTreeProblem problem = VerifyCases.Problem(Kernels, inputs, block: 1024);
        problem.Begin(new RandomKey(3, 4));
        using var launching = new Launching(new LaunchOptions { Counters = true });
        KernelProfile profile = ProblemCheck.Kernel(problem).Single().Profile!;
        Assert.That(problem.Outcome.Length, Is.EqualTo(Levels));
        TestContext.Out.WriteLine($"{(double)profile.Total.GlobalBytes / Vocabulary:F2} bytes a token asked for, {(double)profile.DistinctGlobalBytes / Vocabulary:F2} distinct");
        long path = (long)Levels * bytesOfRow * Vocabulary, final = 8L * Vocabulary;
        Assert.That(profile.Total.GlobalBytes, Is.InRange(path + final, path + final + (Levels * BesideOfNode)));
        long rows = (long)Levels * Vocabulary * sizeof(float);
        Assert.That(profile.DistinctGlobalBytes, Is.InRange(rows, rows * 1.02));
    }

    /// <summary>Four nodes whose draft is the target, drawn before anything is damaged.</summary>
    private static VerifyInputs Chain(float temperature)
    {
        var drafted = new DraftedTree(TokenTree.Chain(3), 100, new SamplingOptions(temperature), new RandomKey(1, 2), shuffle: 1);
        var inputs = new VerifyInputs(drafted, nodes: 4, seed: 0);
        for (int node = 0; node < 4; node++)
            HardRows.Fill(inputs.Target.Span(node), LogitKind.Usual, new Random(node));
        for (int row = 0; row < drafted.Rows; row++)
            inputs.Target.Span(drafted.NodeOfRow[row]).CopyTo(drafted.Row(row));
        return inputs;
    }
}
