namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>A matrix product's operands on the host. Everything that a kernel must not use is NaN.</summary>
internal sealed class MatMulInputs
{
    /// <summary>NaN in fp32, and in F16 and BF16 when read as two elements: 0x7FFF7FFF.</summary>
    public const ushort NaN = 0x7FFF;

    /// <summary>The same as a whole word.</summary>
    public const uint NaNs = NaN | ((uint)NaN << 16);

    private const int OutlierEvery = 61;
    private const float OutlierScale = 40;

    // Larger operands repeat their numbers, which would take long to draw. A prime: no two rows are equal, nor two tiles.
    private const int Distinct = 3_999_971;

    private MatMulInputs(MatMulCase sizes) => Case = sizes;

    public MatMulCase Case { get; private init; }

    /// <summary>[outputs][columns], as in models: gate and then up projections, or queries, keys and values.</summary>
    public required ushort[] Matrix { get; init; }

    /// <summary>Blocks of stored rows (<see cref="WeightBlocks"/>); padding of rows and of pairs is NaN.</summary>
    public required ushort[] Weight { get; init; }

    /// <summary>[rows][columns]</summary>
    public required ushort[] X { get; init; }

    /// <summary>The input that matmul_add adds to: [rows][outputs].</summary>
    public required float[] Before { get; init; }

    /// <summary>The sums of squares of x's norm, and of the norm before it: [rows][parts]. matmul_add needs those before only.</summary>
    public required (float[] Of, float[] Before) Squares { get; init; }

    /// <summary>The norm that follows matmul_add: [outputs].</summary>
    public required float[] NormWeight { get; init; }

    /// <summary>[positions][HeadDim / 2]</summary>
    public required float[] Cos { get; init; }

    public required float[] Sin { get; init; }

    /// <summary>Each row's node.</summary>
    public required int[] Nodes { get; init; }

    public required TokenTree Tree { get; init; }

    /// <summary>Rows of the blocks of x.</summary>
    public int XRows => MatMulGrid.RowsInTiles(Case.Rows) + Case.Slack;

    /// <summary>x in blocks; padding of columns is 0, rows of padding are NaN.</summary>
    public ushort[] XBlocks
    {
        get
        {
            ushort[] blocks = new ushort[XRows * OperandBlocks.Padded(Case.Columns)];
            Array.Fill(blocks, NaN);
            for (int row = 0; row < Case.Rows; row++)
                OperandBlocks.Write(Padded(X, row, Case.Columns), row, XRows, blocks);
            return blocks;
        }
    }

    public static MatMulInputs Random(MatMulCase sizes)
    {
        var random = new Random(sizes.Seed);
        int columns = sizes.Columns, rows = sizes.Rows;
        int nodes = rows + (sizes.Seed % 5);
        TokenTree tree = TokenTree.FromParents([.. Enumerable.Range(0, nodes).Select(node => node == 0 ? -1 : random.Next(node))]);
        // Any ascending choice: the first rows' nodes are shifted up by the remainder.
        int skipped = nodes - rows;
        int[] chosen = [.. Enumerable.Range(0, rows).Select(row => row < rows / 2 ? row : row + skipped)];
        int angles = (sizes.Committed + nodes) * (sizes.HeadDim / 2);
        double[] angle = [.. Enumerable.Range(0, angles).Select(_ => random.NextDouble() * 2 * Math.PI)];
        ushort[] matrix = Elements(sizes.Outputs * columns, () => Normal(random) / MathF.Sqrt(columns));
        ushort[] x = Elements(rows * columns, () => Normal(random) * (random.Next(OutlierEvery) == 0 ? OutlierScale : 1));
        return new MatMulInputs(sizes)
        {
            Matrix = matrix,
            Weight = Blocks(),
            X = x,
            Before = Numbers(rows * sizes.Outputs, () => 3 * Normal(random)),
            Squares = RandomSquares(),
            NormWeight = Numbers(sizes.Outputs, () => (3 * random.NextSingle()) - 1),
            Cos = [.. angle.Select(a => (float)Math.Cos(a))],
            Sin = [.. angle.Select(a => (float)Math.Sin(a))],
            Nodes = chosen,
            Tree = tree,
        };

        ushort[] Elements(int count, Func<float> value) => Numbers(count, () => Backends.Cuda.Elements.Narrow(value(), sizes.Element));

        static T[] Numbers<T>(int count, Func<T> value)
        {
            T[] numbers = new T[count];
            for (int i = 0; i < Math.Min(count, Distinct); i++)
                numbers[i] = value();
            for (int i = Distinct; i < count; i += Distinct)
                Array.Copy(numbers, 0, numbers, i, Math.Min(Distinct, count - i));
            return numbers;
        }

        // Sizes of a residual stream, nearly 0 where epsilon matters; from norm to norm it grows until factors are about 1.
        (float[] Of, float[] Before) RandomSquares()
        {
            var squares = (Of: new float[rows * sizes.NormParts], Before: new float[rows * sizes.NormParts]);
            for (int row = 0; row < rows; row++)
            {
                double before = random.Next(5) switch { 0 => 0, 1 => 1e-6, 2 => 9e4, _ => 1 } * (1 + random.NextDouble()), factor = 0.5 + (1.5 * random.NextDouble());
                // Away from the powers of 4, where the scale changes, so that rounding does not decide it.
                double root = Math.Log2(before + sizes.Epsilon) / 2;
                before *= root - Math.Floor(root) is < 0.01 or > 0.99 ? 1.1 : 1;
                double size = 1 / (factor * MatMulReference.OperandScale(before + sizes.Epsilon));
                Fill(squares.Before, row, before);
                Fill(squares.Of, row, (size * size) - sizes.Epsilon);
            }
            return squares;
        }

        void Fill(float[] squares, int row, double mean)
        {
            double[] shares = [.. Enumerable.Range(0, sizes.NormParts).Select(_ => 0.1 + random.NextDouble())];
            double all = shares.Sum();
            for (int part = 0; part < shares.Length; part++)
                squares[(row * shares.Length) + part] = (float)(mean * sizes.NormColumns * shares[part] / all);
        }

        ushort[] Blocks()
        {
            ushort[] blocks = new ushort[WeightBlocks.Of(sizes.Shape.StoredRows, columns)];
            Array.Fill(blocks, NaN);
            for (int stored = 0; stored < sizes.Shape.StoredRows; stored++)
            {
                if (ModelRow(sizes, stored) is >= 0 and int source)
                    WeightBlocks.Write(Padded(matrix, source, columns), stored, blocks);
            }
            return blocks;
        }
    }

    /// <summary>The same product for some of the rows, in any order.</summary>
    public MatMulInputs Choose(params int[] rows) => new(Case with { Rows = rows.Length, FirstNormed = 0 })
    {
        Matrix = Matrix,
        Weight = Weight,
        X = Chosen(X, rows),
        Before = Chosen(Before, rows),
        Squares = (Chosen(Squares.Of, rows), Chosen(Squares.Before, rows)),
        NormWeight = NormWeight,
        Cos = Cos,
        Sin = Sin,
        Nodes = [.. rows.Select(row => Nodes[row])],
        Tree = Tree,
    };

    private T[] Chosen<T>(T[] all, int[] rows)
    {
        int columns = all.Length / Case.Rows;
        return [.. rows.SelectMany(row => all.AsSpan(row * columns, columns).ToArray())];
    }

    private static ushort[] Padded(ushort[] elements, int row, int columns)
    {
        ushort[] padded = new ushort[OperandBlocks.Padded(columns)];
        elements.AsSpan(row * columns, columns).CopyTo(padded);
        return padded;
    }

    /// <summary>The model's row that is stored here; negative for padding.</summary>
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

/// <summary>Sizes of one matrix product, and the seed of its numbers.</summary>
/// <param name="Kind">The epilogue.</param>
/// <param name="Element">The type of weights and inputs.</param>
/// <param name="Rows">Rows of x.</param>
/// <param name="Outputs">The number of outputs. A paired matrix counts both of each pair.</param>
/// <param name="Columns">Inputs of a row.</param>
/// <param name="Seed">The seed of all numbers.</param>
internal sealed record MatMulCase(MatMulKind Kind, Element Element, int Rows, int Outputs, int Columns, int Seed)
{
    // The software GPU multiplies these within some tens of milliseconds.
    private const long MostProducts = 6_000_000;

    public int Heads { get; private init; }

    public int KvHeads { get; private init; }

    public int HeadDim { get; private init; }

    /// <summary>Tokens before the tree's root.</summary>
    public int Committed { get; private init; }

    /// <summary>Rows of blocks, and elements between the end of a row and the start of the next, beyond what is required.</summary>
    public int Slack { get; private init; }

    /// <summary>The row of y from which on matmul_add's norm is wanted.</summary>
    public int FirstNormed { get; init; }

    public float Epsilon => Seed % 2 == 0 ? 1e-5f : 1e-6f;

    /// <summary>Columns of the residual stream: of x, or of what matmul_add writes.</summary>
    public int NormColumns => Kind == MatMulKind.Add ? Outputs : Columns;

    public int NormParts => CudaNormed.PartsOf(NormColumns);

    public MatMulShape Shape => new(Kind, Outputs, Columns);

    /// <summary>A product for this many heads.</summary>
    public static MatMulCase Rope(Element element, int rows, int heads, int kvHeads, int headDim, int columns, int seed) =>
        new(MatMulKind.Rope, element, rows, (heads + (2 * kvHeads)) * headDim, columns, seed)
        {
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            Committed = (seed % 7 * 5) + (seed % 3),
        };

    /// <summary>Random sizes: few and many rows, ragged ends, one split and several.</summary>
    /// <param name="seed">The seed of the sizes and of the numbers.</param>
    /// <param name="only">The element type; by seed if null.</param>
    public static MatMulCase Random(int seed, Element? only = null)
    {
        var random = new Random(seed);
        var kind = (MatMulKind)(seed % 4);
        Element element = only ?? (Element)(seed / 4 % 2);
        int rows = random.Next(3) == 0 ? random.Next(1, 200) : random.Next(1, 1 << random.Next(1, 8));
        int columns = random.Next(4) switch { 0 => random.Next(960, 2200), 1 => 8 * random.Next(1, 130), _ => random.Next(8, 1101) };
        int most = (int)Math.Clamp(MostProducts / ((long)rows * columns), 24, 400);
        if (kind != MatMulKind.Rope)
        {
            int outputs = random.Next(1, most);
            return new(kind, element, rows, kind == MatMulKind.SiluMul ? 2 * ((outputs + 1) / 2) : outputs, columns, seed)
            {
                Slack = 8 * random.Next(3),
                FirstNormed = kind == MatMulKind.Add ? random.Next(2) * random.Next(rows + 1) : 0,
            };
        }
        int headDim = 8 * (random.Next(2) == 0 ? random.Next(1, 17) : 1 << random.Next(0, 5));
        int heads = Math.Max(3, most / headDim), kvHeads = random.Next(1, Math.Max(2, heads / 3));
        int group = Math.Clamp((heads - (2 * kvHeads)) / kvHeads, 1, 16);
        return Rope(element, rows, group * kvHeads, kvHeads, headDim, columns, seed) with { Slack = 8 * random.Next(3) };
    }

    public override string ToString() =>
        $"{Kind} {Element}, {Rows} rows, {Outputs} outputs x {Columns} columns, {Shape.Splits} splits, slack {Slack}"
        + (FirstNormed > 0 ? $", norm from row {FirstNormed}" : "")
        + (Kind == MatMulKind.Rope ? $", {Heads}+2*{KvHeads} heads of {HeadDim}, prefix {Committed}" : "") + $", seed {Seed}";
}
