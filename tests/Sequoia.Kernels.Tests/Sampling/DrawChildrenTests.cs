using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>draw_children and its twin against ChildSampler, bit for bit.</summary>
internal sealed class DrawChildrenTests : CudaFixture
{
    private static CudaKernels Kernels => TestGpu.Sound.Any;

    [Test]
    public void Equals_the_reference_on_random_cases()
    {
        int cases = 0;
        for (int seed = 0; seed < 300; seed++)
        {
            using DrawChildrenProblem problem = DrawCases.Random(Kernels, seed, mostRows: 48);
            ProblemCheck.Kernel(problem);
            cases += problem.Rows;
        }
        TestContext.Out.WriteLine($"{cases} rows");
        Assert.That(cases, Is.GreaterThan(7000));
    }

    [Test]
    public void Equals_the_reference_by_the_methods_to_compare_with(
        [Values(SpeculationMethod.SpecInfer, SpeculationMethod.TargetOnly)] SpeculationMethod method)
    {
        for (int seed = 0; seed < 80; seed++)
        {
            using DrawChildrenProblem problem = DrawCases.Random(Kernels, seed, mostRows: 12, method: method);
            ProblemCheck.Kernel(problem);
            if (seed % 4 == 0)
                ProblemCheck.Twin(problem);
        }
    }

    [Test]
    public void Equals_the_reference_on_large_vocabularies([Values(32_000, 128_256)] int vocabulary)
    {
        for (int seed = 0; seed < 12; seed++)
        {
            using DrawChildrenProblem problem = DrawCases.Random(Kernels, seed, mostRows: 3, block: 1024, vocabulary);
            ProblemCheck.Kernel(problem);
        }
    }

    /// <summary>The same rows for any number of threads: their number is no part of the result.</summary>
    [Test]
    public void Threads_change_no_bit([Values(128, 512, 1024)] int threads)
    {
        for (int seed = 1000; seed < 1012; seed++)
        {
            using DrawChildrenProblem problem = DrawCases.Random(Kernels, seed, mostRows: 12, threads);
            ProblemCheck.Kernel(problem);
        }
    }

    /// <summary>The same rows for any number of blocks, also more than there are tiles.</summary>
    [Test]
    public void Blocks_change_no_bit([Values(1, 2, 8, 32)] int parts, [Values(1003, 9000)] int vocabulary)
    {
        for (int seed = 4000; seed < 4012; seed++)
        {
            using var problem = new DrawChildrenProblem(Kernels, DraftedTree.OfSeed(seed, mostRows: 6, vocabulary), seed, block: 128, parts);
            ProblemCheck.Kernel(problem);
        }
    }

    /// <summary>No reciprocal overflows or loses a token, whatever the logits.</summary>
    [Test]
    public void Temperatures_at_both_ends_are_drawn_from([Values(GenerationOptions.SmallestTemperature, 100f)] float temperature, [Values(1f, 0.9f)] float topP)
    {
        foreach (LogitKind kind in Enum.GetValues<LogitKind>())
        {
            var options = new SamplingOptions(temperature, topP);
            using var problem = new DrawChildrenProblem(Kernels, DrawCases.Filled(RandomTrees.Bush(4, 8, new Random(1)), 301, options, kind), seed: 0, block: 128, parts: 4);
            ProblemCheck.Kernel(problem);
            ProblemCheck.Twin(problem);
        }
    }

    /// <summary>More children than a block has groups of threads, up to the most that the selection has room for.</summary>
    [Test]
    public void Many_children_are_drawn([Values(0f, 0.7f)] float temperature, [Values(65, 200, SamplingKernels.MostChildren)] int children)
    {
        DraftedTree drafted = DrawCases.Filled(TokenTree.Chains(children, 1), 9000, new SamplingOptions(temperature), LogitKind.Usual);
        using var problem = new DrawChildrenProblem(Kernels, drafted, seed: 0);
        ProblemCheck.Kernel(problem);
    }

    /// <summary>With a vocabulary of 32,000 tokens, at least four blocks share a row in each of the two launches.</summary>
    [Test]
    public void Blocks_share_a_row()
    {
        const int Rows = 3, Vocabulary = 32_000;
        DraftedTree drafted = DrawCases.Filled(RandomTrees.Bush(Rows, 8, new Random(1)), Vocabulary, new SamplingOptions(1), LogitKind.Usual);
        using var problem = new DrawChildrenProblem(Kernels, drafted, seed: 0);
        using var _ = new Launching(new LaunchOptions { Counters = true });
        IEnumerable<(string, long)> launches = ProblemCheck.Kernel(problem).Select(report => (report.Profile!.Kernel, report.Profile!.Blocks));
        Assert.That(launches, Is.EqualTo((IEnumerable<(string, long)>)[("scale_rows", 4 * Rows), ("draw_children", 16 * Rows)]));
    }

    [Test]
    public void Twin_equals_the_reference()
    {
        for (int seed = 2000; seed < 2060; seed++)
        {
            using DrawChildrenProblem problem = DrawCases.Random(Kernels, seed, mostRows: 32);
            ProblemCheck.Twin(problem);
        }
    }

    [Test]
    public void Is_clean_in_every_order([Values] Schedule schedule)
    {
        for (int seed = 3000; seed < 3012; seed++)
        {
            using var _ = new Launching(Launching.Checked(schedule, seed));
            using DrawChildrenProblem problem = DrawCases.Random(Kernels, seed, mostRows: 8);
            ProblemCheck.Kernel(problem);
        }
    }

    [Test]
    public void Many_equal_logits_do_not_fit_at_first([Values(0f, 1f)] float temperature)
    {
        using DrawChildrenProblem problem = DrawCases.Crowded(Kernels, block: 128, temperature);
        ProblemCheck.Kernel(problem);
    }

    [Test]
    public void Damaged_rows_are_flagged_and_have_valid_children([Values(0f, 0.8f)] float temperature, [Values(0, 40)] int topK)
    {
        float[] damages = temperature == 0 ? [float.NaN] : [float.NaN, float.PositiveInfinity, BitConverter.UInt32BitsToSingle(0x7F800001)];
        foreach (float damage in damages)
        {
            DraftedTree drafted = DrawCases.Filled(
                RandomTrees.Bush(6, 8, new Random(5)), 301, new SamplingOptions(temperature, 0.9f, topK), LogitKind.Usual);
            drafted.Row(2)[300] = damage;
            drafted.Row(3).Fill(temperature == 0 ? float.NegativeInfinity : damage);
            drafted.Draw();
            Assert.That(drafted.Damaged, Is.EquivalentTo((int[])[2, 3]));
            using var problem = new DrawChildrenProblem(Kernels, drafted, seed: 0, block: 256);
            ProblemCheck.Kernel(problem);
            ProblemCheck.Twin(problem);
        }
    }

    /// <summary>The formulas of draw_children.cu's header.</summary>
    [TestCase(0f, 1f, 0, 3)]
    [TestCase(1f, 1f, 0, 4)]
    [TestCase(1f, 1f, 7, 8)]
    [TestCase(1f, 0.9f, 0, 9)]
    [TestCase(1f, 0.9f, 7, 12)]
    public void Bytes_are_as_stated(float temperature, float topP, int topK, int passes)
    {
        const int Vocabulary = 8192, Children = 4, Parts = 2;
        DraftedTree drafted = DrawCases.Filled(TokenTree.Chains(Children, 1), Vocabulary, new SamplingOptions(temperature, topP, topK), LogitKind.Usual);
        // Few threads, of which each asks for the row's place and shape.
        using var problem = new DrawChildrenProblem(Kernels, drafted, seed: 0, block: 128, Parts);
        using var _ = new Launching(new LaunchOptions { Counters = true });
        KernelProfile[] profiles = [.. ProblemCheck.Kernel(problem).Select(report => report.Profile!)];
        foreach (KernelProfile profile in profiles)
            TestContext.Out.WriteLine(profile.ToTable());
        long row = sizeof(float) * Vocabulary, written = (sizeof(int) * Children) + (temperature == 0 ? 0 : 6 * sizeof(float));
        // Beside the row of each launch: the sequence (120 bytes), its part, the row's node and numbers in the tree, the draft row; and the workspace.
        long workspace = (sizeof(ulong) * Parts * Children) + (4 * sizeof(float) * Parts);
        Assert.That(profiles.Sum(profile => profile.DistinctGlobalBytes), Is.InRange((2 * row) + written, (2 * row) + written + (2 * 160) + workspace));
        // At most eight words a thread; the last block reads the keys twice.
        long beside = (8 * sizeof(int) * 128 * (Parts + 1)) + (3 * workspace);
        Assert.That(profiles.Sum(profile => profile.Total.GlobalBytes), Is.InRange(passes * row, (passes * row) + beside));
    }
}
