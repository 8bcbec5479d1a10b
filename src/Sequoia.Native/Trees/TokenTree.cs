namespace Sequoia.Native.Trees;

/// <summary>Placeholder shape until Trees/ is merged.</summary>
internal sealed class TokenTree
{
    private readonly int[] _parents;
    private readonly int[][] _paths;

    public TokenTree(int[] parents)
    {
        _parents = parents;
        _paths = new int[parents.Length][];
        for (int i = 0; i < parents.Length; i++)
            _paths[i] = parents[i] < 0 ? [i] : [.. _paths[parents[i]], i];
    }

    public int Size => _parents.Length;

    public int Levels => _paths.Max(p => p.Length);

    public static TokenTree Root { get; } = new([-1]);

    public static TokenTree Chain(int drafted) => new([.. Enumerable.Range(-1, drafted + 1)]);

    public ReadOnlySpan<int> Parents => _parents;

    public ReadOnlySpan<int> Path(int node) => _paths[node];

    public int Depth(int node) => _paths[node].Length - 1;

    public int FirstChild(int node) => Array.IndexOf(_parents, node);

    public int ChildCount(int node) => _parents.Count(p => p == node);
}
