namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>draw_children and its twin against ChildSampler, bit for bit.</summary>
internal sealed class DrawChildrenTests : CudaFixture
{
    [Test]
    public void Equals_the_reference_on_random_cases()
    {
        int cases = 0;
        using var kernel = DrawKernels.Kernel(256);
        for (int seed = 0; seed < 300; seed++)
        {
            using DrawProblem problem = DrawCases.Random(seed, mostRows: 48);
            DrawCheck.Run(problem, device => device.Run(kernel));
            cases += problem.Rows;
        }
        TestContext.Out.WriteLine($"{cases} rows");
    }
}
