using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>The bytes that matmul.cu asks for, as its header states them.</summary>
internal static class MatMulTraffic
{
    public static long Of(MatMulCase sizes) => Operands(sizes) + Splits(sizes) + Results(sizes);

    public static long Operands(MatMulCase sizes)
    {
        (int tokenTiles, int rowTiles, _) = sizes.Shape.GridFor(sizes.Rows);
        return 2L * sizes.Columns * (((long)sizes.Shape.StoredRows * tokenTiles) + ((long)sizes.Rows * rowTiles));
    }

    public static long Splits(MatMulCase sizes)
    {
        (int tokenTiles, int rowTiles, int splits) = sizes.Shape.GridFor(sizes.Rows);
        return splits == 1 ? 0 : ((512L * MatMulShape.TokensFor(sizes.Rows)) + 4) * splits * tokenTiles * rowTiles;
    }

    private static long Results(MatMulCase sizes)
    {
        long rows = sizes.Rows;
        switch (sizes.Kind)
        {
            case MatMulKind.Plain:
                return 4 * rows * sizes.Outputs;
            case MatMulKind.Add:
                return 8 * rows * sizes.Outputs;
            case MatMulKind.SiluMul:
                return 2 * rows * (sizes.Outputs / 2);
            default:
                int turned = (sizes.Heads + sizes.KvHeads) * sizes.HeadDim / 2, values = sizes.KvHeads * sizes.HeadDim / 2;
                return (rows * ((20L * turned) + (8L * values))) + (16L * (turned + values) * sizes.Shape.GridFor(sizes.Rows).TokenTiles);
        }
    }
}
