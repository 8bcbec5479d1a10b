using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>NaN and huge scores.</summary>
internal sealed class AttendExtremesTests : CudaFixture
{
    [Test]
    public void Damage_stays_in_its_row([Values] Element element, [Values(3, 30)] int size)
    {
        AttendShape shape = Shape(element, size, spread: 3);
        ushort[][] sound = Results(shape), damaged = Results(shape with { DamagedRow = 1 });
        Assert.That(damaged[1].Select(bits => Elements.Widen(bits, element)), Is.All.NaN);
        damaged[1] = sound[1];
        Assert.That(damaged, Is.EqualTo(sound));
    }

    /// <summary>Scores are thousands apart: nearly all weights vanish, and differences of largest scores overflow nothing.</summary>
    [Test]
    public void Huge_scores_leave_one_key([Values] Element element, [Values(3, 30)] int size)
    {
        using var problem = new AttendProblem(TestGpu.Sound.Of(element), Shape(element, size, spread: 20_000));
        ProblemCheck.Kernel(problem);
        ProblemCheck.Twin(problem);
    }

    private static ushort[][] Results(AttendShape shape)
    {
        using var problem = new AttendProblem(TestGpu.Sound.Of(shape.Element), shape);
        problem.Launch();
        return problem.Results();
    }

    private static AttendShape Shape(Element element, int size, float spread) => new()
    {
        Element = element,
        HeadDim = 64,
        KvHeads = 2,
        Group = 2,
        Prefix = 390,
        Positions = 400 + size,
        Tree = AttendTrees.Random(new Random(size), size),
        Nodes = [.. Enumerable.Range(0, size)],
        Tokens = [.. Enumerable.Range(1 << 20, size)],
        Spread = spread,
    };
}
