using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>The formulas of matmul.cu's header, and how much of the work is the tensor cores'.</summary>
internal sealed class MatMulCounterTests : CudaFixture
{
    private static KernelLaunchers Kernels => TestGpu.Sound;

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
        // An mma is 16 x 8 x 16 products; rows of x are filled up to TOKENS, outputs to 64, columns to 64.
        MatMulGrid grid = new(sizes.Shape, sizes.Rows, 1);
        long products = (long)grid.TokenTiles * grid.Tokens * sizes.Shape.RowTiles * 64 * ((sizes.Columns + 63) / 64 * 64);
        Assert.That(profile.Total.Mma, Is.EqualTo(products / (16 * 8 * 16)));
        Assert.That(profile.Total.Mma * 4096.0 / profile.Total.Flops, Is.GreaterThan(0.95));
    }

    [Test]
    public void Weights_are_asked_for_once_for_64_rows()
    {
        foreach ((int rows, int times) in ((int, int)[])[(1, 1), (8, 1), (9, 1), (33, 1), (64, 1), (65, 2), (128, 2), (130, 3)])
        {
            MatMulCase sizes = new(MatMulKind.Plain, Element.F16, rows, 128, 512, 1);
            Assert.That(MatMulTraffic.Operands(sizes, new(sizes.Shape, rows, 1)), Is.EqualTo(2L * 512 * ((128 * times) + (2 * rows))));
            MatMulChecks.CountersAreAsStated(Kernels, sizes);
        }
    }
}
