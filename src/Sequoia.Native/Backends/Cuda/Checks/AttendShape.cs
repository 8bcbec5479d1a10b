namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>Which rows attend to which keys. Contents follow from the tokens: the same token has the same query, keys and values everywhere.</summary>
internal sealed record AttendShape
{
    /// <summary>Prefix lengths at boundaries: steps of sealed keys, tiles, splits.</summary>
    private static readonly int[] Prefixes =
        [0, 1, 15, 16, 63, 64, 65, 79, 80, 81, 127, 128, 129, 191, 192, 193, 255, 256, 257, 300, 319, 320, 321, 383, 400, 511, 512, 576, 577, 700, 1100];

    // Approximate rows x heads x positions x dimensions of a random shape.
    private const long MostWork = 4_000_000;

    public required Element Element { get; init; }

    public required int HeadDim { get; init; }

    public required int KvHeads { get; init; }

    /// <summary>Query heads that share a key and value head.</summary>
    public required int Group { get; init; }

    public required int Prefix { get; init; }

    /// <summary>The maximum number of positions of the sequence, including its tree's rows.</summary>
    public required int Positions { get; init; }

    /// <summary>A tree of at most 64 levels, or a chain.</summary>
    public required TokenTree Tree { get; init; }

    /// <summary>The node of each row, ascending.</summary>
    public required int[] Nodes { get; init; }

    /// <summary>The token of each node; the prefix has the tokens 0, 1, 2 ...</summary>
    public required int[] Tokens { get; init; }

    /// <summary>The approximate spread of scores: the largest of a query's numbers.</summary>
    public float Spread { get; init; } = 3;

    /// <summary>A row whose queries are NaN; -1 if none are.</summary>
    public int DamagedRow { get; init; } = -1;

    public int Seed { get; init; }

    public int Heads => KvHeads * Group;

    /// <summary>The sequence's rows in the cache.</summary>
    public PageOrder Pages => new(Positions, Seed);

    /// <summary>Whether the rows of a chain are tokens before the root, as in a prompt, instead of its tree.</summary>
    public bool IsPrompt => Tree.Levels == Tree.Size && (Seed % 2 == 1 || Tree.Levels > AttendKernels.MostLevels);

    public int Rows => Nodes.Length;

    public int Position(int row) => Prefix + Tree.Depth(Nodes[row]);

    /// <summary>Whether any row's keys are not all in the order of pages; PassPart of pass.cuh.</summary>
    public bool IsTree => !IsPrompt && Nodes[^1] > 0;

    /// <summary>The number of keys that a row finds in the order of pages; keys_of() of attend.cuh.</summary>
    public int PrefixKeys(int row) => IsTree ? Math.Min(Prefix / AttendReference.TileKeys * AttendReference.TileKeys, Position(row) + 1) : Position(row) + 1;

    /// <summary>The number of tiles of keys on the row's path.</summary>
    public int TreeTiles(int row) => Position(row) < PrefixKeys(row) ? 0 : (Position(row) / AttendReference.TileKeys) + 1 - (PrefixKeys(row) / AttendReference.TileKeys);

    /// <summary>The number of a row's partial sums.</summary>
    public int Parts(int row) => AttendKernels.Splits(PrefixKeys(row)) + TreeTiles(row);

    /// <summary>The cache row of a position of a row's path.</summary>
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
            Positions = prefix + tree.Size + (random.Next(2) == 0 ? 0 : random.Next(300)),
            Tree = tree,
            Nodes = nodes,
            Tokens = [.. Enumerable.Range(1 << 20, tree.Size)],
            Spread = random.Next(4) switch { 0 => 1, 1 => 3, 2 => 12, _ => 40 },
            Seed = seed,
        };
    }

    public override string ToString() =>
        $"seed {Seed}: {Element}, {Rows} rows of a tree of {Tree.Size} nodes and {Tree.Levels} levels behind {Prefix}, {Positions} positions, {Heads} heads of {HeadDim}, {KvHeads} of keys, spread {Spread}";
}

/// <summary>Trees of every form: chains, stars, several chains, and nodes whose parents are random earlier nodes, near or far.</summary>
internal static class AttendTrees
{
    public static TokenTree Random(Random random, int size)
    {
        if (size == 1)
            return TokenTree.Root;
        switch (random.Next(5))
        {
            case 0:
                return TokenTree.Chain(size - 1);
            case 1:
                return TokenTree.Chains(size - 1, 1);
            case 2:
                int width = 1 + random.Next(4);
                return TokenTree.Chains(width, Math.Clamp((size - 1) / width, 1, AttendKernels.MostLevels - 1));
        }
        // Nearby parents make deep trees.
        int near = random.Next(2) == 0 ? size : 1 + random.Next(4);
        int[] parents = new int[size], depths = new int[size];
        parents[0] = -1;
        for (int node = 1; node < size; node++)
        {
            int parent = random.Next(Math.Max(0, node - near), node);
            parents[node] = depths[parent] + 1 < AttendKernels.MostLevels ? parent : parents[parent];
            depths[node] = depths[parents[node]] + 1;
        }
        return TokenTree.FromParents(parents);
    }
}

/// <summary>A shape's contents on the host, in 16 bits. Everything that no row may use is NaN.</summary>
internal sealed class AttendOperands
{
    /// <summary>NaN in both types.</summary>
    public const ushort NotANumber = 0x7fab;

    // Padding elements of a row: strides are wider than rows.
    private const int Padding = 8;

    private readonly AttendShape _shape;
    private readonly CacheLayout _cache;

    public AttendOperands(AttendShape shape)
    {
        (_shape, _cache) = (shape, new CacheLayout(shape.KvHeads, shape.Pages, shape.HeadDim));
        QueryStride = (shape.Heads * shape.HeadDim) + Padding;
        Queries = Poisoned((long)shape.Rows * QueryStride);
        Keys = Poisoned(_cache.Length);
        Values = Poisoned(Keys.Length);
        for (int row = 0; row < shape.Rows; row++)
        {
            int token = shape.Tokens[shape.Nodes[row]];
            for (int head = 0; head < shape.Heads && row != shape.DamagedRow; head++)
                Fill(Queries.AsSpan((row * QueryStride) + (head * shape.HeadDim), shape.HeadDim), 1, token, head, shape.Spread);
        }
        for (int at = 0; at < shape.Prefix + shape.Tree.Size; at++)
        {
            int token = at < shape.Prefix ? at : shape.Tokens[at - shape.Prefix];
            for (int head = 0; head < shape.KvHeads; head++)
            {
                Fill(Row(Keys, head, at), 2, token, head, 1);
                Fill(Row(Values, head, at), 3, token, head, shape.Spread);
            }
        }
    }

    public ushort[] Queries { get; }

    public ushort[] Keys { get; }

    public ushort[] Values { get; }

    public int QueryStride { get; }

    /// <summary>A key or value of one head.</summary>
    public Span<ushort> Row(ushort[] plane, int head, int at) => plane.AsSpan(_cache.Start(head, at), _shape.HeadDim);

    private static ushort[] Poisoned(long length)
    {
        var elements = new ushort[length];
        Array.Fill(elements, NotANumber);
        return elements;
    }

    private void Fill(Span<ushort> elements, int what, int token, int head, float most)
    {
        ulong state = ((((ulong)_shape.Seed << 8) + (ulong)what) << 40) + ((ulong)token << 8) + (ulong)head;
        for (int i = 0; i < elements.Length; i++)
        {
            // SplitMix64.
            ulong bits = state += 0x9E3779B97F4A7C15;
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            elements[i] = Elements.Narrow((((bits ^ (bits >> 31)) >> 40) * (most / (1 << 23))) - most, _shape.Element);
        }
    }
}
