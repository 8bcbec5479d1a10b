using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Rows;

/// <summary>The formulas of embed.cu's header.</summary>
internal sealed class RowCounterTests : CudaFixture
{
    private const int Rows = 24;
    private const int Columns = 1024;

    [Test]
    public void Embed_asks_for_what_it_states([Values] Element element)
    {
        // One token: the table's row is an operand once.
        using var problem = new EmbedProblem(TestGpu.Sound.Of(element), Rows, Columns, vocabulary: 1, seed: 3);
        KernelProfile profile = Profile(problem);
        const int Threads = 256, Warps = 8, Parts = Columns / 128;
        Assert.That(profile.Total.GlobalBytes, Is.EqualTo(
            (Rows * Columns * ((2 * 2) + 4 + 4 + 2)) + (Rows * Parts * (8 + (Warps * 4))) + (Rows * Threads * 28) + problem.PlaceBytes));
        int operands = (Columns * (2 + 4)) + (Rows * Columns * (4 + 2)) + (Rows * Parts * 8);
        Assert.That(profile.DistinctGlobalBytes, Is.InRange(operands, operands * 1.02));
    }

    private static KernelProfile Profile(KernelProblem problem)
    {
        using var _ = new Launching(new LaunchOptions { Counters = true });
        return ProblemCheck.Kernel(problem).Single().Profile!;
    }
}
