namespace Sequoia.Native.Diagnostics.Kernels;

internal static class RandomTrees
{
    /// <summary>As many inner nodes as asked for, each with up to so many children of its own.</summary>
    public static TokenTree Bush(int inner, int mostChildren, Random random)
    {
        List<int> parents = [-1];
        for (int node = 0; node < inner; node++)
            parents.AddRange(Enumerable.Repeat(node, random.Next(1, mostChildren + 1)));
        return TokenTree.FromParents([.. parents]);
    }

    /// <summary>Nodes hang on random earlier ones with room.</summary>
    public static TokenTree Some(int size, int mostChildren, Random random)
    {
        int[] parents = new int[size], children = new int[size];
        parents[0] = -1;
        for (int node = 1; node < size; node++)
        {
            do
                parents[node] = random.Next(node);
            while (children[parents[node]] == mostChildren);
            children[parents[node]]++;
        }
        return TokenTree.FromParents(parents);
    }
}
