namespace Sequoia.Native.Trees;

/// <summary>Numbers the nodes of a tree level by level, keeping the order of children.</summary>
internal static class BreadthFirst
{
    /// <summary>The parents under the new numbers; <paramref name="parents"/> come before their children.</summary>
    public static int[] Renumber(ReadOnlySpan<int> parents)
    {
        int size = parents.Length;
        // Children of one node as a list: first child, then next siblings.
        int[] first = new int[size];
        int[] last = new int[size];
        int[] next = new int[size];
        for (int node = 1; node < size; node++)
        {
            int parent = parents[node];
            if (first[parent] == 0)
                first[parent] = node;
            else
                next[last[parent]] = node;
            last[parent] = node;
        }

        int[] order = new int[size];
        int[] renumbered = new int[size];
        renumbered[0] = -1;
        int count = 1;
        for (int number = 0; number < size; number++)
        {
            for (int child = first[order[number]]; child != 0; child = next[child])
            {
                renumbered[count] = number;
                order[count++] = child;
            }
        }
        return renumbered;
    }
}
