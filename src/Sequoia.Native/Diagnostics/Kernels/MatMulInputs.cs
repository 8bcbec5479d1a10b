using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>A matrix product's operands on the host. Whatever a kernel must not use is NaN.</summary>
internal sealed class MatMulInputs
{
    /// <summary>NaN in fp32, F16 and BF16, taken as two elements: 0x7FFF7FFF.</summary>
    public const ushort NaN = 0x7FFF;

    /// <summary>The same as a whole word.</summary>
    public const uint NaNs = NaN | ((uint)NaN << 16);

    private const int OutlierEvery = 61;
    private const float OutlierScale = 40;

    private MatMulInputs(MatMulCase sizes) => Case = sizes;

    public MatMulCase Case { get; private init; }

    /// <summary>[outputs][columns], as models have it: gates and then up projections, or queries, keys and values.</summary>
    public required ushort[] Matrix { get; init; }

    /// <summary>[stored rows][WeightStride], as kernels want it; padding of rows and of pairs is NaN.</summary>
    public required ushort[] Weight { get; init; }

    /// <summary>[rows][XStride]</summary>
    public required ushort[] X { get; init; }

    /// <summary>What matmul_add adds to: [rows][outputs].</summary>
    public required float[] Before { get; init; }

    /// <summary>[positions][HeadDim / 2]</summary>
    public required float[] Cos { get; init; }

    public required float[] Sin { get; init; }

    /// <summary>Each row's node.</summary>
    public required int[] Nodes { get; init; }

    public required int[] Depths { get; init; }

    public int WeightStride => MatMulShape.StrideOf(Case.Columns) + Case.Slack;

    public int XStride => MatMulShape.StrideOf(Case.Columns) + Case.Slack;

    public int Prefix => Case.Committed + Case.Ahead;

    public static MatMulInputs Random(MatMulCase sizes)
    {
        var random = new Random(sizes.Seed);
        int columns = sizes.Columns, stride = MatMulShape.StrideOf(columns) + sizes.Slack, rows = sizes.Rows;
        int nodes = rows + (sizes.Seed % 5);
        int[] depths = new int[nodes];
        for (int node = 1; node < nodes; node++)
            depths[node] = depths[random.Next(node)] + 1;
        // Any ascending choice: the first rows' nodes move up by what is left over.
        int skipped = nodes - rows;
        int[] chosen = [.. Enumerable.Range(0, rows).Select(row => row < rows / 2 ? row : row + skipped)];
        int angles = (sizes.Committed + sizes.Ahead + nodes) * (sizes.HeadDim / 2);
        double[] angle = [.. Enumerable.Range(0, angles).Select(_ => random.NextDouble() * 2 * Math.PI)];
        ushort[] matrix = Elements(sizes.Outputs * columns, () => Normal(random) / MathF.Sqrt(columns));
        ushort[] x = Elements(rows * columns, () => Normal(random) * (random.Next(OutlierEvery) == 0 ? OutlierScale : 1));
        return new MatMulInputs(sizes)
        {
            Matrix = matrix,
            Weight = Padded(matrix, sizes.Shape.StoredRows, stored => ModelRow(sizes, stored)),
            X = Padded(x, rows, row => row),
            Before = [.. Enumerable.Range(0, rows * sizes.Outputs).Select(_ => 3 * Normal(random))],
            Cos = [.. angle.Select(a => (float)Math.Cos(a))],
            Sin = [.. angle.Select(a => (float)Math.Sin(a))],
            Nodes = chosen,
            Depths = depths,
        };

        ushort[] Elements(int count, Func<float> value) => [.. Enumerable.Range(0, count).Select(_ => Execution.Cuda.Elements.Narrow(value(), sizes.Element))];

        ushort[] Padded(ushort[] elements, int count, Func<int, int> rowOf)
        {
            ushort[] padded = new ushort[count * stride];
            Array.Fill(padded, NaN);
            for (int row = 0; row < count; row++)
            {
                if (rowOf(row) is >= 0 and int source)
                    elements.AsSpan(source * columns, columns).CopyTo(padded.AsSpan(row * stride));
            }
            return padded;
        }
    }

    /// <summary>The same product of some of the rows, in any order.</summary>
    public MatMulInputs Choose(params int[] rows) => new(Case with { Rows = rows.Length })
    {
        Matrix = Matrix,
        Weight = Weight,
        X = [.. rows.SelectMany(row => X.AsSpan(row * XStride, XStride).ToArray())],
        Before = [.. rows.SelectMany(row => Before.AsSpan(row * Case.Outputs, Case.Outputs).ToArray())],
        Cos = Cos,
        Sin = Sin,
        Nodes = [.. rows.Select(row => Nodes[row])],
        Depths = Depths,
    };

    /// <summary>The model's row that is stored here; less than 0 for padding.</summary>
    private static int ModelRow(MatMulCase sizes, int stored)
    {
        if (!sizes.Shape.IsPaired)
            return stored;
        int units = sizes.Outputs / 2, queries = sizes.Heads * sizes.HeadDim, keys = sizes.KvHeads * sizes.HeadDim;
        SourceRow source = sizes.Kind == MatMulKind.SiluMul
            ? PairedRows.GateUp(stored, units)
            : PairedRows.Qkv(stored, sizes.Heads, sizes.KvHeads, sizes.HeadDim);
        return source == SourceRow.Padding ? -1
            : source.Row + (sizes.Kind == MatMulKind.SiluMul ? source.Part * units : source.Part == 0 ? 0 : queries + ((source.Part - 1) * keys));
    }

    private static float Normal(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
