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
    [TestCase(1f, 1f, 7, 7)]
    [TestCase(1f, 0.9f, 0, 8)]
    public void Bytes_are_as_stated(float temperature, float topP, int topK, int passes)
    {
        const int Vocabulary = 8192, Children = 4;
        DraftedTree drafted = DrawCases.Filled(TokenTree.Chains(Children, 1), Vocabulary, new SamplingOptions(temperature, topP, topK), LogitKind.Usual);
        using var problem = new DrawChildrenProblem(Kernels, drafted, seed: 0);
        using var _ = new Launching(new LaunchOptions { Counters = true });
        KernelProfile profile = ProblemCheck.Kernel(problem).Single().Profile!;
        TestContext.Out.WriteLine(profile.ToTable());
        long row = sizeof(float) * Vocabulary, written = (sizeof(int) * Children) + (temperature == 0 ? 0 : 6 * sizeof(float));
        // Beside the row: the sequence (120 bytes), its part, the row's node and numbers in the tree, the draft row.
        Assert.That(profile.DistinctGlobalBytes, Is.InRange(row + written, row + written + 160));
        // Counting the tokens with mass ends early; the row's node and shape are asked for by all 1024 threads, at most five words each.
        Assert.That(profile.Total.GlobalBytes, Is.InRange(passes * row, ((passes + 1) * row) + (5 * sizeof(int) * 1024)));
    }
}
