using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>matmul_scalar.cu, and the random cases that all sources are checked on.</summary>
internal sealed class MatMulTwinTests : CudaFixture
{
    private static KernelLaunchers Kernels => TestGpu.Sound;

    [Test]
    public void Twin_is_within_rounding()
    {
        for (int seed = 1000; seed < 1060; seed++)
        {
            using MatMulProblem problem = Kernels.MatMul(MatMulCase.Random(seed));
            ProblemCheck.Twin(problem);
        }
    }

    [Test]
    public void Twin_is_clean([Values] Schedule schedule)
    {
        using var _ = new Launching(Launching.Checked(schedule));
        MatMulChecks.Twin(Kernels);
    }

    /// <summary>What the random cases are trusted to contain.</summary>
    [Test]
    public void Random_cases_cover_all_paths()
    {
        MatMulCase[] cases = [.. Enumerable.Range(0, MatMulTests.Cases).Select(seed => MatMulCase.Random(seed))];
        foreach (MatMulKind kind in Enum.GetValues<MatMulKind>())
        {
            foreach (Element element in Enum.GetValues<Element>())
            {
                MatMulCase[] some = [.. cases.Where(one => (one.Kind, one.Element) == (kind, element))];
                Assert.That(some.Select(one => MatMulGrid.TokensFor(one.Rows)).Distinct().Count(), Is.EqualTo(5), $"{kind} {element}: tokens of a tile");
                Assert.That(some.Count(one => one.Rows > 128), Is.GreaterThan(2), $"{kind} {element}: tiles of rows");
                Assert.That(some.Count(one => one.Shape.Splits > 1), Is.GreaterThan(2), $"{kind} {element}: splits");
                Assert.That(some.Count(one => one.Columns % 64 != 0), Is.GreaterThan(2), $"{kind} {element}: ragged columns");
                Assert.That(some.Count(one => one.Shape.StoredRows % 128 != 0), Is.GreaterThan(2), $"{kind} {element}: ragged rows of W");
            }
        }
        MatMulCase[] turned = [.. cases.Where(one => one.Kind == MatMulKind.Rope)];
        Assert.That(turned.Select(one => one.Heads / one.KvHeads).Distinct().Count(), Is.GreaterThan(8), "groups of heads");
        Assert.That(turned.Select(one => one.HeadDim).Distinct().Order(), Is.SupersetOf((int[])[8, 16, 24, 64, 80, 128]), "dimensions of heads");
        Assert.That(turned.Count(one => one.Outputs / 2 % 8 != 0), Is.GreaterThan(2), "padded pairs");
    }
}
