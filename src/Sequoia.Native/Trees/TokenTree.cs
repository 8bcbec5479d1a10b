using System.Text.Json;
using System.Text.Json.Serialization;
using Sequoia.Native.Trees;

namespace Sequoia.Native;

/// <summary>
/// The shape of a speculation tree, without tokens. Nodes are numbered breadth first: parents come before children,
/// and the nodes of a level and the children of a node are contiguous. Node 0, the root, is the last committed
/// token; sizes and levels include it. Immutable and thread-safe. In JSON it is {"parents":[-1,0,0,1,...]}.
/// </summary>
[JsonConverter(typeof(TokenTreeConverter))]
public sealed class TokenTree
{
    /// <summary>The maximum size of a tree.</summary>
    public const int MaxSize = 65536;

    private readonly int[] _parents;
    private readonly int[] _depths;
    private readonly int[] _ranks;
    private readonly int[] _firstChildren;
    private readonly int[] _childCounts;
    private readonly int[] _levelStarts;
    private readonly Lazy<TreePaths> _paths;

    /// <param name="parents">Numbered breadth first; the tree takes ownership.</param>
    private TokenTree(int[] parents)
    {
        int size = parents.Length;
        _parents = parents;
        _depths = new int[size];
        _ranks = new int[size];
        _firstChildren = new int[size];
        _childCounts = new int[size];
        var levelStarts = new List<int> { 0 };
        for (int node = 1; node < size; node++)
        {
            int parent = parents[node];
            _depths[node] = _depths[parent] + 1;
            if (_depths[node] == levelStarts.Count)
                levelStarts.Add(node);
            if (_childCounts[parent]++ == 0)
                _firstChildren[parent] = node;
            _ranks[node] = _childCounts[parent];
        }
        levelStarts.Add(size);
        _levelStarts = [.. levelStarts];
        _paths = new Lazy<TreePaths>(() => new TreePaths(this));
    }

    /// <summary>The lone root: no speculation.</summary>
    public static TokenTree Root { get; } = new([-1]);

    /// <summary>The number of nodes, including the root.</summary>
    public int Size => _parents.Length;

    /// <summary>The number of levels, including the root's.</summary>
    public int Levels => _levelStarts.Length - 1;

    /// <summary>The parent of every node; -1 for the root.</summary>
    public ReadOnlySpan<int> Parents => _parents;

    /// <summary>The parent of a node; -1 for the root.</summary>
    public int Parent(int node) => _parents[node];

    /// <summary>The depth of a node: the number of edges from the root.</summary>
    public int Depth(int node) => _depths[node];

    /// <summary>The rank of a node among its parent's children, from 1 in drawing order; 0 for the root.</summary>
    public int Rank(int node) => _ranks[node];

    /// <summary>The first child of a node; the other children follow it. 0 if it has none.</summary>
    public int FirstChild(int node) => _firstChildren[node];

    /// <summary>The number of children of a node.</summary>
    public int ChildCount(int node) => _childCounts[node];

    /// <summary>The first node of a level; level 0 is the root, and level <see cref="Levels"/> gives <see cref="Size"/>.</summary>
    public int LevelStart(int level) => _levelStarts[level];

    /// <summary>The number of nodes of a level.</summary>
    public int LevelCount(int level) => _levelStarts[level + 1] - _levelStarts[level];

    /// <summary>The nodes from the root to <paramref name="node"/>, inclusive, in ascending order; Depth + 1 of them.</summary>
    /// <exception cref="InvalidInputException">The tree is so deep and wide that all paths together are too long to store.</exception>
    public ReadOnlySpan<int> Path(int node) => _paths.Value[node];

    /// <summary>One path of <paramref name="drafted"/> nodes below the root.</summary>
    public static TokenTree Chain(int drafted) => drafted is >= 1 and < MaxSize
        ? Chains(1, drafted) : throw new ArgumentOutOfRangeException(nameof(drafted), drafted, $"must be in 1..{MaxSize - 1}");

    /// <summary><paramref name="width"/> paths of <paramref name="length"/> nodes each below the root.</summary>
    public static TokenTree Chains(int width, int length)
    {
        if (width < 1 || length < 1 || (long)width * length >= MaxSize)
            throw new ArgumentOutOfRangeException(nameof(width), $"{width} x {length}", $"both must be at least 1, and their product below {MaxSize}");
        int[] parents = new int[(width * length) + 1];
        parents[0] = -1;
        for (int node = 1; node < parents.Length; node++)
            parents[node] = Math.Max(0, node - width);
        return new TokenTree(parents);
    }

    /// <summary>
    /// Creates the tree in which node i has the parent <paramref name="parents"/>[i]. The root comes first, with -1; every
    /// parent comes before its children. Children rank in order of appearance; nodes are renumbered breadth first.
    /// </summary>
    /// <exception cref="ArgumentException">The list does not describe a tree of 1 to 65536 nodes.</exception>
    public static TokenTree FromParents(ReadOnlySpan<int> parents) =>
        ProblemOf(parents) is { } problem ? throw new ArgumentException(problem, nameof(parents)) : new TokenTree(BreadthFirst.Renumber(parents));

    /// <summary>Loads {"parents":[-1,0,0,1,...]}; other keys are ignored.</summary>
    /// <exception cref="InvalidInputException">The file is missing or is not such a tree; the message names the file and the key.</exception>
    public static TokenTree Load(string file)
    {
        using JsonDocument json = JsonInput.Open(file);
        return FromList(JsonInput.List(json, file, "parents", "numbers"), file + ": ");
    }

    /// <summary>The size and the number of nodes of each level: "7 nodes: 1 + 4 + 2".</summary>
    public override string ToString() => Size == 1 ? "1 node" : $"{Size} nodes: {string.Join(" + ", Enumerable.Range(0, Levels).Select(LevelCount))}";

    /// <summary>The tree as {"parents":[-1,0,0,1,...]}, on one line.</summary>
    public string ToJson() => $"{{\"parents\":[{string.Join(',', _parents)}]}}";

    /// <summary>
    /// A picture for the terminal. Up to <paramref name="maxPictured"/> nodes are drawn with box-drawing lines, each node shown by
    /// <paramref name="label"/> (its child rank if null). A larger tree is an outline, one line per level.
    /// </summary>
    public string Draw(Func<int, string>? label = null, int maxPictured = 64) => Size <= maxPictured
        ? TreePicture.Draw(this, label ?? (node => node == 0 ? "●" : $"{Rank(node)}"))
        : TreePicture.Outline(this);

    /// <summary>Reads the tree from a JSON list of parents; messages begin with <paramref name="source"/>.</summary>
    internal static TokenTree FromList(JsonElement list, string source)
    {
        if (list.GetArrayLength() > MaxSize)
            throw new InvalidInputException(source + TooLarge(list.GetArrayLength()));
        int[] parents = new int[list.GetArrayLength()];
        int index = 0;
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Number || !entry.TryGetInt32(out parents[index]))
                throw new InvalidInputException($"{source}parents[{index}]: must be a whole number");
            index++;
        }
        return ProblemOf(parents) is { } problem ? throw new InvalidInputException(source + problem) : new TokenTree(BreadthFirst.Renumber(parents));
    }

    private static string? ProblemOf(ReadOnlySpan<int> parents)
    {
        if (parents.IsEmpty)
            return "parents: is empty; a tree has at least its root, [-1]";
        if (parents.Length > MaxSize)
            return TooLarge(parents.Length);
        if (parents[0] != -1)
            return $"parents[0]: is {parents[0]}; the root comes first and has -1";
        for (int node = 1; node < parents.Length; node++)
        {
            if (parents[node] == -1)
                return $"parents[{node}]: is -1, a second root; give it a parent in 0..{node - 1}";
            if (parents[node] < 0 || parents[node] >= node)
                return $"parents[{node}]: is {parents[node]}; a parent comes before its child, so it must be in 0..{node - 1}";
        }
        return null;
    }

    private static string TooLarge(int size) => $"parents: has {size} nodes; at most {MaxSize} are possible";
}
