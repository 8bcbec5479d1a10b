using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>matmul.cu and its twin against double precision, over random shapes.</summary>
internal sealed class MatMulTests : CudaFixture
{
    // The exact models of tensor cores are slow.
    private static readonly (Numerics Numerics, int Cases)[] Models = [(Numerics.Fast, 320), (Numerics.Ampere, 24), (Numerics.Hopper, 24)];

    [TestCaseSource(nameof(Models))]
    public void Kernel_is_within_rounding((Numerics Numerics, int Cases) model)
    {
        using var kernels = new MatMulUnderTest();
        using var _ = new Launching(new LaunchOptions { Numerics = model.Numerics, Threads = 2 });
        for (int seed = 0; seed < model.Cases; seed++)
        {
            using MatMulProblem problem = kernels.Problem(MatMulCase.Random(seed));
            MatMulUnderTest.Run(problem);
            // Once more in the same workspace: counters are back at 0.
            problem.Launch();
        }
    }

    [Test]
    public void Twin_is_within_rounding()
    {
        using var kernels = new MatMulUnderTest();
        for (int seed = 1000; seed < 1060; seed++)
        {
            using MatMulProblem problem = kernels.Problem(MatMulCase.Random(seed));
            MatMulUnderTest.Run(problem, twin: true);
        }
    }
}
