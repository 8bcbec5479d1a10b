using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Sizes of one matrix product, and the seed of its numbers.</summary>
/// <param name="Kind">What becomes of the sums.</param>
/// <param name="Element">The type of weights and inputs.</param>
/// <param name="Rows">Rows of x.</param>
/// <param name="Outputs">Of a paired matrix: both of each pair.</param>
/// <param name="Columns">Inputs of a row.</param>
/// <param name="Seed">Of all numbers.</param>
internal sealed record MatMulCase(MatMulKind Kind, Element Element, int Rows, int Outputs, int Columns, int Seed)
{
    // What the software GPU multiplies within some tens of milliseconds.
    private const long MostProducts = 6_000_000;

    public int Heads { get; private init; }

    public int KvHeads { get; private init; }

    public int HeadDim { get; private init; }

    /// <summary>Rows of the cache before the tree's root, and how many of them are not committed.</summary>
    public int Committed { get; private init; }

    public int Ahead { get; private init; }

    /// <summary>Elements between the end of a row and the beginning of the next, beyond what alignment asks for.</summary>
    public int Slack { get; private init; }

    public MatMulShape Shape => new(Kind, Outputs, Columns);

    /// <summary>A product for so many heads.</summary>
    public static MatMulCase Rope(Element element, int rows, int heads, int kvHeads, int headDim, int columns, int seed) =>
        new(MatMulKind.Rope, element, rows, (heads + (2 * kvHeads)) * headDim, columns, seed)
        {
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            Committed = seed % 7 * 5,
            Ahead = seed % 3,
        };

    /// <summary>Any sizes: few and many rows, ragged ends, one split and several.</summary>
    /// <param name="seed">Of the sizes, and of the numbers.</param>
    /// <param name="only">The element's type; by seed if null.</param>
    public static MatMulCase Random(int seed, Element? only = null)
    {
        var random = new Random(seed);
        var kind = (MatMulKind)(seed % 4);
        Element element = only ?? (Element)(seed / 4 % 2);
        int rows = random.Next(3) == 0 ? random.Next(1, 131) : random.Next(1, 1 << random.Next(1, 7));
        int columns = random.Next(4) switch { 0 => random.Next(960, 2200), 1 => 8 * random.Next(1, 130), _ => random.Next(8, 1101) };
        int most = (int)Math.Clamp(MostProducts / ((long)rows * columns), 24, 400);
        if (kind != MatMulKind.Rope)
        {
            int outputs = random.Next(1, most);
            return new(kind, element, rows, kind == MatMulKind.SiluMul ? 2 * ((outputs + 1) / 2) : outputs, columns, seed) { Slack = 8 * random.Next(3) };
        }
        int headDim = 8 * (random.Next(2) == 0 ? random.Next(1, 17) : 1 << random.Next(0, 5));
        int heads = Math.Max(3, most / headDim), kvHeads = random.Next(1, Math.Max(2, heads / 3));
        int group = Math.Clamp((heads - (2 * kvHeads)) / kvHeads, 1, 16);
        return Rope(element, rows, group * kvHeads, kvHeads, headDim, columns, seed) with { Slack = 8 * random.Next(3) };
    }

    public override string ToString() =>
        $"{Kind} {Element}, {Rows} rows, {Outputs} outputs x {Columns} columns, {Shape.Splits} splits, slack {Slack}"
        + (Kind == MatMulKind.Rope ? $", {Heads}+2*{KvHeads} heads of {HeadDim}, prefix {Committed}+{Ahead}" : "") + $", seed {Seed}";
}
