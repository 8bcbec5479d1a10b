using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>Attention against the reference in double precision, whatever the tensor cores' sums.</summary>
internal sealed class AttendTests : CudaFixture
{
    [TestCase(Numerics.Fast, 0, 70)]
    [TestCase(Numerics.Ampere, 70, 15)]
    [TestCase(Numerics.Hopper, 85, 15)]
    public void Agrees_with_the_reference(Numerics numerics, int firstSeed, int seeds)
    {
        using var _ = new Launching(new LaunchOptions { Numerics = numerics });
        foreach (Element element in Enum.GetValues<Element>())
        {
            for (int seed = firstSeed; seed < firstSeed + seeds; seed++)
            {
                using AttendProblem problem = AttendProblem.Random(seed, TestGpu.Sound.Of(element));
                ProblemCheck.Kernel(problem);
            }
        }
    }

    [Test]
    public void Twin_agrees_with_the_reference([Values] Element element)
    {
        for (int seed = 200; seed < 230; seed++)
        {
            using AttendProblem problem = AttendProblem.RandomScalar(seed, TestGpu.Sound.Of(element));
            ProblemCheck.Twin(problem);
        }
    }

    /// <summary>Where the kernel runs, its twin has the same shapes.</summary>
    [Test]
    public void Twin_agrees_on_the_kernels_shapes([Values] Element element)
    {
        for (int seed = 0; seed < 15; seed++)
        {
            using AttendProblem problem = AttendProblem.Random(seed, TestGpu.Sound.Of(element));
            ProblemCheck.Twin(problem);
        }
    }
}
