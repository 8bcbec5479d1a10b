using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>The bytes that matmul.cu asks for, as its header states them.</summary>
internal static class MatMulTraffic
{
    public static long Of(MatMulCase sizes, MatMulGrid grid, MatMulSource source = MatMulSource.TensorCores) =>
        Operands(sizes, grid) + Factors(sizes, grid) + Splits(grid) + Results(sizes, grid, source);

    public static long Operands(MatMulCase sizes, MatMulGrid grid) =>
        2L * OperandBlocks.Padded(sizes.Columns) * grid.TokenTiles * sizes.Shape.RowTiles * (WeightBlocks.Rows + grid.Tokens);

    /// <summary>What is touched of operands beyond their rows and columns: whole blocks and tiles.</summary>
    public static long Padding(MatMulCase sizes) =>
        2 * (WeightBlocks.Of(sizes.Shape.StoredRows, sizes.Columns) - ((long)sizes.Shape.StoredRows * sizes.Columns)
        + ((long)MatMulGrid.RowsInTiles(sizes.Rows) * OperandBlocks.Padded(sizes.Columns)) - ((long)sizes.Rows * sizes.Columns));

    private static long Factors(MatMulCase sizes, MatMulGrid grid) =>
        (sizes.Kind == MatMulKind.Add ? 4L : 8L) * sizes.NormParts * grid.TokenTiles * grid.Tokens * sizes.Shape.RowTiles * grid.Splits;

    private static long Splits(MatMulGrid grid) =>
        grid.Splits == 1 ? 0 : ((1024L * grid.Tokens) + 4) * grid.TokenTiles * grid.Shape.RowTiles * grid.Splits;

    private static long Results(MatMulCase sizes, MatMulGrid grid, MatMulSource source)
    {
        long rows = sizes.Rows;
        switch (sizes.Kind)
        {
            case MatMulKind.Plain:
                return 4 * rows * sizes.Outputs;
            case MatMulKind.Add:
                return (10 * rows * sizes.Outputs) + (4 * rows * sizes.NormParts) + ((grid.Tokens < 64 || source == MatMulSource.Hopper ? 16L : 32L) * grid.TokenTiles * sizes.Outputs);
            case MatMulKind.SiluMul:
                return 2 * rows * sizes.Shape.Units;
            default:
                int turned = (sizes.Heads + sizes.KvHeads) * sizes.HeadDim / 2, values = sizes.KvHeads * sizes.HeadDim / 2;
                return rows * ((28L * turned) + (20L * values));
        }
    }
}
