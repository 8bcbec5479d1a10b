namespace Sequoia.Native.Engine;

/// <summary>Follows the accepted ranks down a tree, position by position.</summary>
internal static class TreeReplay
{
    /// <summary>
    /// By depth, up to the deepest that a step reached: how often each rank was accepted there (0: none), and how often the step stayed in the tree.
    /// Every prompt begins at the root.
    /// </summary>
    public static IEnumerable<(int[] Accepted, int Stayed)> Count(TokenTree tree, int width, IReadOnlyList<IReadOnlyList<int>> prompts)
    {
        int[][] accepted = [.. Enumerable.Range(0, tree.Levels).Select(_ => new int[width + 1])];
        int[] stayed = new int[tree.Levels];
        foreach (IReadOnlyList<int> prompt in prompts)
        {
            int node = 0;
            foreach (int rank in prompt)
            {
                int depth = tree.Depth(node);
                accepted[depth][rank]++;
                bool inside = rank >= 1 && rank <= tree.ChildCount(node);
                stayed[depth] += inside ? 1 : 0;
                node = inside ? tree.FirstChild(node) + rank - 1 : 0;
            }
        }
        return accepted.Zip(stayed).TakeWhile(depth => depth.First.Sum() > 0);
    }
}
