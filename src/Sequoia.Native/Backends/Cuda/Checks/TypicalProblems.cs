using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>Problems with the sizes of a model, for benchmarks.</summary>
internal static class TypicalProblems
{
    private const int Seed = 1;

    // One row is decoding without a tree; the others are trees of these sizes.
    private static readonly int[] RowCounts = [1, 16, 64];
    private static readonly TokenTree[] Trees = [TokenTree.Root, TokenTree.Chains(5, 3), TokenTree.Chains(9, 7)];

    private static readonly SamplingOptions[] Sampling = [new(0), new(0.6f), new(0.6f, 0.9f)];

    // With equal logits all tokens meet in one bin of top-p's histogram.
    private static readonly (SamplingOptions Options, LogitKind Logits)[] Drawing =
        [.. Sampling.Select(options => (options, LogitKind.Usual)), (Sampling[^1], LogitKind.Flat)];

    public static IEnumerable<KernelProblem> Embed(KernelLaunchers launchers, TypicalSizes sizes) =>
        RowCounts.Select(rows => new EmbedProblem(launchers.Of(Element.BF16), rows, sizes.Hidden, sizes.Vocabulary, Seed));

    public static IEnumerable<KernelProblem> MatMul(KernelLaunchers launchers, TypicalSizes sizes, MatMulSource source) =>
        Products(sizes, RowCounts).Select(inputs => launchers.MatMul(inputs, source: source));

    /// <summary>The logits of a tree's rows.</summary>
    public static IEnumerable<KernelProblem> Head(KernelLaunchers launchers, TypicalSizes sizes, MatMulSource source) =>
        Chosen(new(MatMulKind.Plain, Element.BF16, RowCounts[^1], sizes.Vocabulary, sizes.Hidden, Seed), RowCounts).Select(inputs => launchers.MatMul(inputs, source: source));

    public static IEnumerable<KernelProblem> MatMulScalar(KernelLaunchers launchers, TypicalSizes sizes) =>
        Products(sizes, [1]).Select(launchers.MatMulScalar);

    public static IEnumerable<KernelProblem> Attend(KernelLaunchers launchers, TypicalSizes sizes) =>
        Trees.Select(tree => new AttendProblem(launchers.Of(Element.BF16), Attention(sizes, tree)));

    public static IEnumerable<KernelProblem> AttendScalar(KernelLaunchers launchers, TypicalSizes sizes) =>
        [new AttendProblem(launchers.Of(Element.BF16), Attention(sizes, TokenTree.Root), tensorCores: false)];

    public static IEnumerable<KernelProblem> DrawChildren(KernelLaunchers launchers, TypicalSizes sizes) =>
        from sampling in Drawing
        from rows in (int[])[1, 16]
        select new DrawChildrenProblem(launchers.Any, Drafted(RandomTrees.Bush(rows, 8, new Random(Seed)), sizes, sampling.Options, sampling.Logits), Seed);

    public static IEnumerable<KernelProblem> VerifyTree(KernelLaunchers launchers, TypicalSizes sizes)
    {
        foreach (SamplingOptions options in Sampling)
        {
            foreach (TokenTree tree in Trees)
            {
                DraftedTree drafted = Drafted(tree, sizes, options);
                var inputs = new VerifyInputs(drafted, tree.Size, Seed);
                for (int node = 0; node < tree.Size; node++)
                    HardRows.Fill(inputs.Target.Span(node), LogitKind.Usual, new Random(node));
                // The draft agrees with the target mostly, so that paths have a typical length.
                for (int row = 0; row < drafted.Rows; row++)
                    HardRows.FillLike(drafted.Row(row), inputs.Target.Span(drafted.NodeOfRow[row]), 1, new Random(row));
                yield return new VerifyTreeProblem(launchers.Any, inputs);
            }
        }
    }

    /// <summary>All keys and values of a sequence; a path whose root stays in place.</summary>
    public static IEnumerable<KernelProblem> CompactKv(KernelLaunchers launchers, TypicalSizes sizes) =>
        [new CompactKvProblem(launchers.Any, 2 * sizes.Layers * sizes.Heads, sizes.HeadDim, 0, [0, 3, 9, 17, 30], Seed)];

    public static IEnumerable<KernelProblem> AdvanceStep(KernelLaunchers launchers, TypicalSizes sizes) => [new AdvanceStepProblem(launchers.Any, Seed)];

    /// <summary>A layer's four products.</summary>
    private static IEnumerable<MatMulInputs> Products(TypicalSizes sizes, int[] rowCounts)
    {
        int most = rowCounts[^1];
        MatMulCase[] layer =
        [
            MatMulCase.Rope(Element.BF16, most, sizes.Heads, sizes.Heads, sizes.HeadDim, sizes.Hidden, Seed),
            new(MatMulKind.Add, Element.BF16, most, sizes.Hidden, sizes.Hidden, Seed),
            new(MatMulKind.SiluMul, Element.BF16, most, 2 * sizes.Intermediate, sizes.Hidden, Seed),
            new(MatMulKind.Add, Element.BF16, most, sizes.Hidden, sizes.Intermediate, Seed),
        ];
        return layer.SelectMany(product => Chosen(product, rowCounts));
    }

    /// <summary>A product of these numbers of rows. The operands are created once, for the most rows.</summary>
    private static IEnumerable<MatMulInputs> Chosen(MatMulCase product, int[] rowCounts)
    {
        MatMulInputs all = MatMulInputs.Random(product);
        foreach (int rows in rowCounts)
            yield return all.Choose([.. Enumerable.Range(0, rows)]);
    }

    private static AttendShape Attention(TypicalSizes sizes, TokenTree tree) => new()
    {
        Element = Element.BF16,
        HeadDim = sizes.HeadDim,
        KvHeads = sizes.Heads,
        Group = 1,
        Prefix = sizes.Prefix,
        Positions = sizes.Prefix + tree.Size,
        Tree = tree,
        Nodes = [.. Enumerable.Range(0, tree.Size)],
        Tokens = [.. Enumerable.Range(sizes.Prefix, tree.Size)],
        Seed = Seed,
    };

    private static DraftedTree Drafted(TokenTree tree, TypicalSizes sizes, SamplingOptions options, LogitKind logits = LogitKind.Usual)
    {
        var drafted = new DraftedTree(tree, sizes.Vocabulary, options, new RandomKey(Seed, 0), Seed) { Kind = logits };
        for (int row = 0; row < drafted.Rows; row++)
            HardRows.Fill(drafted.Row(row), logits, new Random(row));
        return drafted;
    }
}

/// <summary>Sizes of a model.</summary>
internal sealed record TypicalSizes(int Hidden, int Intermediate, int Heads, int HeadDim, int Layers, int Vocabulary, int Prefix)
{
    /// <summary>The sizes of Llama 2 7B, after a prefix of 1024 tokens.</summary>
    public static TypicalSizes SevenBillion { get; } = new(4096, 11008, 32, 128, 32, 32_000, 1024);

    /// <summary>A quarter of its width and of its layers, which the software GPU can run.</summary>
    public static TypicalSizes Quarter { get; } = new(1024, 2752, 8, 128, 8, 32_000, 1024);
}
