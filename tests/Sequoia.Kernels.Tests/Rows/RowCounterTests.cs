using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Rows;

/// <summary>The formulas of embed.cu's and rms_norm.cu's headers.</summary>
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
        const int ChunksOfRow = Columns / 8;
        Assert.That(profile.Total.GlobalBytes, Is.EqualTo((Rows * Columns * (2 + 4)) + (Rows * ChunksOfRow * 28) + problem.PlaceBytes));
        int operands = (Columns * 2) + (Rows * Columns * 4);
        Assert.That(profile.DistinctGlobalBytes, Is.InRange(operands, operands * 1.02));
    }

    [Test]
    public void Rms_norm_asks_for_what_it_states([Values] Element element)
    {
        using var problem = new RmsNormProblem(TestGpu.Sound.Of(element), Rows, Columns, seed: 3);
        KernelProfile profile = Profile(problem);
        Assert.That(profile.Total.GlobalBytes, Is.EqualTo(Rows * Columns * (8 + 4 + 2)));
        Assert.That(profile.DistinctGlobalBytes, Is.EqualTo(problem.Bytes));
        Assert.That(profile.Total.SharedWavefronts, Is.EqualTo(profile.Total.SharedIdealWavefronts));
    }

    private static KernelProfile Profile(KernelProblem problem)
    {
        using var _ = new Launching(new LaunchOptions { Counters = true });
        return ProblemCheck.Kernel(problem).Single().Profile!;
    }
}
