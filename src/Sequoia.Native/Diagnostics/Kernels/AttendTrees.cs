namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Trees of every form: chains, stars, several chains, and nodes that hang on random earlier ones, near or far.</summary>
internal static class AttendTrees
{
    private const int MostLevels = 64;

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
                return TokenTree.Chains(width, Math.Clamp((size - 1) / width, 1, MostLevels - 1));
        }
        // Parents that are near make deep trees.
        int near = random.Next(2) == 0 ? size : 1 + random.Next(4);
        int[] parents = new int[size], depths = new int[size];
        parents[0] = -1;
        for (int node = 1; node < size; node++)
        {
            int parent = random.Next(Math.Max(0, node - near), node);
            parents[node] = depths[parent] + 1 < MostLevels ? parent : parents[parent];
            depths[node] = depths[parents[node]] + 1;
        }
        return TokenTree.FromParents(parents);
    }
}
