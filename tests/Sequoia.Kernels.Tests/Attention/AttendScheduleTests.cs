using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>Clean under all checks of the software GPU, with the same bits in every order.</summary>
internal sealed class AttendScheduleTests : CudaFixture
{
    [Test]
    public void Clean_and_the_same_in_every_schedule([Values] Element element)
    {
        for (int seed = 300; seed < 308; seed++)
        {
            using AttendProblem problem = AttendProblem.Random(seed, TestGpu.Sound.Of(element));
            ushort[][]? expected = null;
            foreach (Schedule schedule in Enum.GetValues<Schedule>())
            {
                using var _ = new Launching(Launching.Checked(schedule, seed));
                ProblemCheck.Kernel(problem);
                expected ??= problem.Results();
                Assert.That(problem.Results(), Is.EqualTo(expected), $"{problem.Shape}: {schedule}");
            }
        }
    }

    [Test]
    public void Twin_is_clean([Values] Schedule schedule)
    {
        using var _ = new Launching(Launching.Checked(schedule));
        using AttendProblem problem = AttendProblem.RandomScalar(400, TestGpu.Sound.Of(Element.BF16));
        ProblemCheck.Twin(problem);
    }
}
