using Sequoia.Native;

namespace Sequoia.Testing;

/// <summary>Trees for tests of the engine.</summary>
internal static class TestTrees
{
    /// <summary>A made-up vector of the usual form: steep, then a thin tail.</summary>
    public static AcceptanceVector Acceptance { get; } = new([0.6, 0.15, 0.06, 0.03, 0.02, 0.01]);

    /// <summary>A tree whose nodes hang on random earlier ones.</summary>
    public static TokenTree Random(int seed, int size)
    {
        var random = new Random(seed);
        int[] parents = [.. Enumerable.Range(0, size).Select(node => node == 0 ? -1 : random.Next(node))];
        return TokenTree.FromParents(parents);
    }
}
