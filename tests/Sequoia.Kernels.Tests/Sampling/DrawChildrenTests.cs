using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>draw_children and its twin against ChildSampler, bit for bit.</summary>
internal sealed class DrawChildrenTests : CudaFixture
{
    [Test]
    public void Equals_the_reference_on_random_cases()
    {
        int cases = 0;
        using KernelUnderTest kernel = DrawKernels.Kernel(256);
        for (int seed = 0; seed < 300; seed++)
        {
            using DrawProblem problem = DrawCases.Random(seed, mostRows: 48);
            DrawCheck.Run(problem, device => device.Run(kernel));
            cases += problem.Rows;
        }
        TestContext.Out.WriteLine($"{cases} rows");
        Assert.That(cases, Is.GreaterThan(7000));
    }

    [Test]
    public void Equals_the_reference_by_the_methods_to_compare_with(
        [Values(SpeculationMethod.SpecInfer, SpeculationMethod.TargetOnly)] SpeculationMethod method)
    {
        using KernelUnderTest kernel = DrawKernels.Kernel(256), twin = DrawKernels.Twin();
        for (int seed = 0; seed < 80; seed++)
        {
            using DrawProblem problem = DrawCases.Random(seed, mostRows: 12, method: method);
            DrawCheck.Run(problem, device => device.Run(kernel));
            if (seed % 4 == 0)
                DrawCheck.Run(problem, device => device.RunTwin(twin));
        }
    }

    [Test]
    public void Equals_the_reference_on_large_vocabularies([Values(32_000, 128_256)] int vocabulary)
    {
        using KernelUnderTest kernel = DrawKernels.Kernel(1024);
        for (int seed = 0; seed < 12; seed++)
        {
            using DrawProblem problem = DrawCases.Random(seed, mostRows: 3, vocabulary);
            DrawCheck.Run(problem, device => device.Run(kernel));
        }
    }

    /// <summary>The same rows for any number of threads: their number is no part of the result.</summary>
    [Test]
    public void Threads_change_no_bit([Values(128, 512, 1024)] int threads)
    {
        using KernelUnderTest kernel = DrawKernels.Kernel(threads);
        for (int seed = 1000; seed < 1012; seed++)
        {
            using DrawProblem problem = DrawCases.Random(seed, mostRows: 12);
            DrawCheck.Run(problem, device => device.Run(kernel));
        }
    }

    [Test]
    public void Twin_equals_the_reference()
    {
        using KernelUnderTest twin = DrawKernels.Twin();
        for (int seed = 2000; seed < 2060; seed++)
        {
            using DrawProblem problem = DrawCases.Random(seed, mostRows: 32);
            DrawCheck.Run(problem, device => device.RunTwin(twin));
        }
    }

    [Test]
    public void Is_clean_in_every_order([Values] Schedule schedule)
    {
        using KernelUnderTest kernel = DrawKernels.Kernel(256);
        for (int seed = 3000; seed < 3012; seed++)
        {
            using var _ = new Launching(Launching.Checked(schedule, seed));
            using DrawProblem problem = DrawCases.Random(seed, mostRows: 8);
            DrawCheck.Run(problem, device => device.Run(kernel));
        }
    }

    [Test]
    public void Many_equal_logits_do_not_fit_at_first([Values(0f, 1f)] float temperature)
    {
        using KernelUnderTest kernel = DrawKernels.Kernel(128);
        using DrawProblem problem = DrawCases.Crowded(100_000, kernel.Threads, temperature);
        DrawCheck.Run(problem, device => device.Run(kernel));
    }

    [Test]
    public void Damaged_rows_are_flagged_and_have_valid_children([Values(0f, 0.8f)] float temperature, [Values(0, 40)] int topK)
    {
        using KernelUnderTest kernel = DrawKernels.Kernel(256), twin = DrawKernels.Twin();
        float[] damages = temperature == 0 ? [float.NaN] : [float.NaN, float.PositiveInfinity, BitConverter.UInt32BitsToSingle(0x7F800001)];
        foreach (float damage in damages)
        {
            foreach (Action<DeviceDraw> run in (Action<DeviceDraw>[])[device => device.Run(kernel), device => device.RunTwin(twin)])
            {
                using var problem = new DrawProblem(
                    RandomTrees.Bush(6, 8, new Random(5)), 301, new SamplingOptions(temperature, 0.9f, topK), new RandomKey(1, 2), shuffle: 1);
                for (int row = 0; row < problem.Rows; row++)
                    HardRows.Fill(problem.Logits.Row(row), LogitKind.Usual, new Random(row));
                _ = problem.Draw();
                problem.Logits.Row(2)[300] = damage;
                problem.Logits.Row(3).Fill(temperature == 0 ? float.NegativeInfinity : damage);
                using var device = new DeviceDraw(problem);
                run(device);
                DrawCheck.Compare(problem, device, [2, 3]);
            }
        }
    }
}
