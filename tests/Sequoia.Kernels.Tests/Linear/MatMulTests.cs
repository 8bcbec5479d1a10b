using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>matmul.cu and matmul_sm90.cu: right within rounding, the same bits in any company, and clean.</summary>
[TestFixture(MatMulSource.TensorCores)]
[TestFixture(MatMulSource.Hopper)]
internal sealed class MatMulTests(MatMulSource source) : CudaFixture
{
    private KernelLaunchers Kernels => TestGpu.Of(source);

    public const int Cases = 320;

    // The exact models of tensor cores are slow.
    private static readonly (Numerics Numerics, int Cases)[] Models = [(Numerics.Fast, Cases), (Numerics.Ampere, 16), (Numerics.Hopper, 16)];

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
}
