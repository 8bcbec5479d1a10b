using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>sample_token and its twin against TokenDistribution, bit for bit.</summary>
internal sealed class SampleTokenTests : CudaFixture
{
    [Test]
    public void Equals_the_reference_on_random_cases()
    {
        using KernelUnderTest kernel = SampleProblem.Kernel(128), twin = SampleProblem.Twin();
        for (int seed = 0; seed < 120; seed++)
        {
            using SampleProblem problem = SampleProblem.Random(seed, rows: 24);
            problem.Check(kernel);
            if (seed % 4 == 0)
                problem.Check(twin, isTwin: true);
        }
    }

    [Test]
    public void Equals_the_reference_on_large_vocabularies([Values(32_000, 128_256)] int vocabulary)
    {
        using KernelUnderTest kernel = SampleProblem.Kernel(1024);
        for (int seed = 0; seed < 12; seed++)
        {
            using SampleProblem problem = SampleProblem.Random(seed, rows: 2, vocabulary);
            problem.Check(kernel);
        }
    }

    [Test]
    public void Is_clean_in_every_order([Values] Schedule schedule)
    {
        using KernelUnderTest kernel = SampleProblem.Kernel(256);
        for (int seed = 0; seed < 12; seed++)
        {
            using var _ = new Launching(Launching.Checked(schedule, seed));
            using SampleProblem problem = SampleProblem.Random(seed, rows: 6);
            problem.Check(kernel);
        }
    }

    [Test]
    public void Damaged_rows_are_flagged([Values(0f, 0.8f)] float temperature, [Values(float.NaN, float.NegativeInfinity)] float damage)
    {
        using KernelUnderTest kernel = SampleProblem.Kernel(256), twin = SampleProblem.Twin();
        using var problem = new SampleProblem(4, 301, new SamplingOptions(temperature, 0.9f, 40), new RandomKey(1, 2));
        for (int row = 0; row < 4; row++)
            HardRows.Fill(problem.Logits.Row(row), LogitKind.Usual, new Random(row));
        problem.Logits.Row(1).Fill(damage);
        Assert.That(problem.Check(kernel), Is.EqualTo(1));
        Assert.That(problem.Check(twin, isTwin: true), Is.EqualTo(1));
    }
}
