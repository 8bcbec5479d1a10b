using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Which rows attend to what. Contents follow from the tokens: the same token has the same query, keys and values wherever it is.</summary>
internal sealed record AttendShape
{
    /// <summary>Prefixes around which something changes: steps of what is sealed, tiles, splits.</summary>
    private static readonly int[] Prefixes =
        [0, 1, 15, 16, 63, 64, 65, 79, 80, 81, 127, 128, 129, 191, 192, 193, 255, 256, 257, 300, 319, 320, 321, 383, 400, 511, 512, 576, 577, 700, 1100];

    // Rows x heads x positions x dimensions of a random shape, about.
    private const long MostWork = 4_000_000;

    public required Element Element { get; init; }

    public required int HeadDim { get; init; }

    public required int KvHeads { get; init; }

    /// <summary>Query heads that share a key and value head.</summary>
    public required int Group { get; init; }

    public required int Prefix { get; init; }

    public required int Capacity { get; init; }

    /// <summary>Of at most 64 levels, or a chain.</summary>
    public required TokenTree Tree { get; init; }

    /// <summary>The node of each row, ascending.</summary>
    public required int[] Nodes { get; init; }

    /// <summary>The token of each node; the prefix has the tokens 0, 1, 2 ...</summary>
    public required int[] Tokens { get; init; }

    /// <summary>How far apart scores are, about: the largest of a query's numbers.</summary>
    public float Spread { get; init; } = 3;

    /// <summary>A row whose queries are NaN; -1 if none are.</summary>
    public int DamagedRow { get; init; } = -1;

    public int Seed { get; init; }

    public int Heads => KvHeads * Group;

    public int Rows => Nodes.Length;

    public int Position(int row) => Prefix + Tree.Depth(Nodes[row]);

    /// <summary>The cache's row of a position of a row's path.</summary>
    public int CacheRow(int row, int position) => position < Prefix ? position : Prefix + Tree.Path(Nodes[row])[position - Prefix];

    /// <summary>A shape from a seed, of bounded work.</summary>
    public static AttendShape Random(int seed, Element element, ReadOnlySpan<int> headDims)
    {
        var random = new Random(seed);
        int headDim = headDims[random.Next(headDims.Length)], prefix = Prefixes[random.Next(Prefixes.Length)];
        int group = random.Next(3) == 0 ? 1 + random.Next(16) : 1 << random.Next(5), kvHeads = 1 + random.Next(3);
        long ofRow = (long)headDim * group * kvHeads * (prefix + 32);
        int most = (int)Math.Clamp(MostWork / ofRow, 1, 100);
        TokenTree tree = AttendTrees.Random(random, random.Next(4) == 0 ? Math.Min(most, 3) : 1 + random.Next(most));
        int[] nodes = [.. Enumerable.Range(0, tree.Size)];
        if (random.Next(3) == 0)
            nodes = [.. nodes.Where(node => node == tree.Size / 2 || random.Next(2) == 0)];
        return new AttendShape
        {
            Element = element,
            HeadDim = headDim,
            KvHeads = kvHeads,
            Group = group,
            Prefix = prefix,
            Capacity = prefix + tree.Size + (random.Next(2) == 0 ? 0 : random.Next(300)),
            Tree = tree,
            Nodes = nodes,
            Tokens = [.. Enumerable.Range(1 << 20, tree.Size)],
            Spread = random.Next(4) switch { 0 => 1, 1 => 3, 2 => 12, _ => 40 },
            Seed = seed,
        };
    }

    public override string ToString() =>
        $"seed {Seed}: {Element}, {Rows} rows of a tree of {Tree.Size} nodes and {Tree.Levels} levels behind {Prefix}, capacity {Capacity}, {Heads} heads of {HeadDim}, {KvHeads} of keys, spread {Spread}";
}
