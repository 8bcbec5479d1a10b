using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>The bytes that matmul.cu asks for, as its header states them.</summary>
internal static class MatMulTraffic
{
    public static long Of(MatMulCase sizes, MatMulGrid grid) => Operands(sizes, grid) + Splits(grid) + Results(sizes, grid);

    public static long Operands(MatMulCase sizes, MatMulGrid grid) =>
        2L * sizes.Columns * (((long)sizes.Shape.StoredRows * grid.TokenTiles) + ((long)sizes.Rows * sizes.Shape.RowTiles));

    private static long Splits(MatMulGrid grid) =>
        grid.Splits == 1 ? 0 : ((512L * grid.Tokens) + 4) * grid.TokenTiles * grid.Shape.RowTiles * grid.Splits;

    private static long Results(MatMulCase sizes, MatMulGrid grid)
    {
        long rows = sizes.Rows;
        switch (sizes.Kind)
        {
            case MatMulKind.Plain:
                return 4 * rows * sizes.Outputs;
            case MatMulKind.Add:
                return 8 * rows * sizes.Outputs;
            case MatMulKind.SiluMul:
                return 2 * rows * sizes.Shape.Units;
            default:
                int turned = (sizes.Heads + sizes.KvHeads) * sizes.HeadDim / 2, values = sizes.KvHeads * sizes.HeadDim / 2;
                return rows * ((28L * turned) + (20L * values));
        }
    }
}
