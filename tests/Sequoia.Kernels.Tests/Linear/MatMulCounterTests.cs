using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>The formulas of matmul.cu's header, and how much of the work is the tensor cores'.</summary>
[TestFixture(MatMulSource.TensorCores)]
[TestFixture(MatMulSource.Hopper)]
internal sealed class MatMulCounterTests(MatMulSource source) : CudaFixture
{
    private KernelLaunchers Kernels => TestGpu.Of(source);

    private static readonly MatMulCase[] Cases =
    [
        new(MatMulKind.Plain, Element.F16, 1, 1024, 512, 1),
        new(MatMulKind.Plain, Element.BF16, 130, 192, 576, 1),
        new(MatMulKind.Add, Element.F16, 64, 256, 1536, 2),
        new(MatMulKind.Add, Element.BF16, 12, 200, 1100, 2),
        new(MatMulKind.SiluMul, Element.F16, 30, 2 * 500, 576, 3),
        MatMulCase.Rope(Element.F16, 40, 8, 2, 64, 512, 4),
        MatMulCase.Rope(Element.BF16, 100, 9, 3, 40, 1024, 5),
    ];

    [TestCaseSource(nameof(Cases))]
    public void Bytes_wavefronts_and_products_are_as_stated(MatMulCase sizes)
    {
        KernelProfile profile = MatMulChecks.CountersAreAsStated(Kernels, sizes);
        if (sizes.Shape.Splits > 1)
            MatMulChecks.CountersAreAsStated(Kernels, sizes, inTurn: true);
        // An mma is 16 x 8 x 16 products; rows of x are filled up to TOKENS, outputs to 128, columns to 64.
        MatMulGrid grid = new(sizes.Shape, sizes.Rows, 1);
        long products = (long)grid.TokenTiles * grid.Tokens * sizes.Shape.RowTiles * WeightBlocks.Rows * OperandBlocks.Padded(sizes.Columns);
        Assert.That(profile.Total.Mma, Is.EqualTo(products / (16 * 8 * 16)));
        Assert.That(profile.Total.Mma * 4096.0 / profile.Total.Flops, Is.GreaterThan(0.95));
    }

    /// <summary>The main loop asks no questions: what a warp executes for 64 columns.</summary>
    [TestCase(8, 60, 60)]
    [TestCase(16, 65, 60)]
    [TestCase(32, 80, 60)]
    [TestCase(64, 115, 65)]
    [TestCase(128, 200, 70)]
    public void A_stage_takes_few_instructions(int rows, int most, int mostOfHopper)
    {
        const int Few = 1024, Many = 3072, Warps = 8;
        double ofStage = (Work(Many) - Work(Few)) / (Warps * (Many - Few) / (double)OperandBlocks.Columns);
        TestContext.Out.WriteLine($"{ofStage:F1} warp instructions a warp and stage");
        Assert.That(ofStage, Is.LessThanOrEqualTo(source == MatMulSource.Hopper ? mostOfHopper : most));

        // PTX moves each value to a register of its own; an assembler gives most of them the same.
        long Work(int columns)
        {
            using var _ = new Launching(new LaunchOptions { Counters = true });
            using MatMulProblem problem = Kernels.MatMul(new MatMulCase(MatMulKind.Plain, Element.F16, rows, 128, columns, 1), inTurn: true);
            KernelProfile profile = ProblemCheck.Kernel(problem).Single().Profile!;
            return profile.Total.WarpInstructions - profile.ByClass["move"];
        }
    }

    [Test]
    public void Weights_are_asked_for_once_for_128_rows()
    {
        foreach ((int rows, int times) in ((int, int)[])[(1, 1), (8, 1), (9, 1), (33, 1), (64, 1), (65, 1), (128, 1), (130, 2)])
        {
            MatMulCase sizes = new(MatMulKind.Plain, Element.F16, rows, 128, 512, 1);
            MatMulGrid grid = new(sizes.Shape, rows, 1);
            Assert.That(MatMulTraffic.Operands(sizes, grid), Is.EqualTo(2L * 512 * ((128 * times) + (grid.Tokens * times))));
            MatMulChecks.CountersAreAsStated(Kernels, sizes);
        }
    }
}
