using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>matmul.cu and its twin: right within rounding, the same bits in any company, and clean.</summary>
internal sealed class MatMulTests : CudaFixture
{
    private static KernelLaunchers Kernels => TestGpu.Sound;

    // The exact models of tensor cores are slow.
    private static readonly (Numerics Numerics, int Cases)[] Models = [(Numerics.Fast, 320), (Numerics.Ampere, 16), (Numerics.Hopper, 16)];

    [TestCaseSource(nameof(Models))]
    public void Kernel_is_within_rounding((Numerics Numerics, int Cases) model)
    {
        using var _ = new Launching(new LaunchOptions { Numerics = model.Numerics, Threads = 2 });
        double worst = 0;
        for (int seed = 0; seed < model.Cases; seed++)
        {
            using MatMulProblem problem = Kernels.MatMul(MatMulCase.Random(seed));
            ProblemCheck.Kernel(problem);
            worst = Math.Max(worst, problem.Compare().Worst);
        }
        TestContext.Out.WriteLine($"{worst:P1} of the bound");
    }

    /// <summary>What the random cases are trusted to contain.</summary>
    [Test]
    public void Random_cases_cover_all_paths()
    {
        MatMulCase[] cases = [.. Enumerable.Range(0, Models[0].Cases).Select(seed => MatMulCase.Random(seed))];
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
    public void Rows_have_the_same_bits_in_any_company([Values] Numerics numerics, [Values] MatMulKind kind, [Values] Element element)
    {
        using var _ = new Launching(new LaunchOptions { Numerics = numerics, Threads = 2 });
        // Two splits; two tiles of 128 rows.
        const int Rows = 130, Columns = 1030;
        MatMulCase sizes = kind == MatMulKind.Rope
            ? MatMulCase.Rope(element, Rows, 2, 1, 8, Columns, 3)
            : new MatMulCase(kind, element, Rows, 26, Columns, 3);
        Assert.That(sizes.Shape.Splits, Is.EqualTo(2));
        MatMulChecks.SameBitsInAnyCompany(Kernels, sizes, numerics == Numerics.Fast ? [1, 1, 1, 2, 7, 8, 9, 16, 17, 31, 33, 64, 65, 100, 129, 130] : [1, 1, 3, 17, 40]);
    }

    /// <summary>So that what holds for all of them was seen in each.</summary>
    [Test]
    public void Tensor_cores_models_differ()
    {
        using MatMulProblem problem = Kernels.MatMul(new MatMulCase(MatMulKind.Plain, Element.F16, 4, 64, 512, 1));
        var bits = new HashSet<string>();
        foreach (Numerics numerics in Enum.GetValues<Numerics>())
        {
            using var _ = new Launching(new LaunchOptions { Numerics = numerics });
            problem.Launch();
            bits.Add(string.Join(' ', problem.Outputs().SelectMany(row => row)));
        }
        Assert.That(bits, Has.Count.EqualTo(3));
    }

    [Test]
    public void Splits_are_added_up_in_order([Values] MatMulKind kind)
    {
        using MatMulProblem problem = Kernels.MatMul(
            kind == MatMulKind.Rope ? MatMulCase.Rope(Element.BF16, 40, 5, 1, 16, 2100, 1) : new MatMulCase(kind, Element.BF16, 40, 140, 2100, 1));
        MatMulChecks.SameBitsInAnyOrder(problem);
    }

    [Test]
    public void Checks_find_nothing([Values] Schedule schedule, [Values] Element element, [Range(1, 3)] int seed)
    {
        MatMulChecks.Inspect(Kernels, element, schedule, seed);
    }

    [Test]
    public void Twin_is_clean([Values] Schedule schedule)
    {
        using var _ = new Launching(Launching.Checked(schedule));
        MatMulChecks.Twin(Kernels);
    }
}
