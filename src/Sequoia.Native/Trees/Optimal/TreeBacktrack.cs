namespace Sequoia.Native.Trees;

/// <summary>Reads the best tree out of the tables of the dynamic program, level by level.</summary>
internal static class TreeBacktrack
{
    public static int[] Parents(SubtreeTables tables, int maxSize)
    {
        var parents = new List<int> { -1 };
        List<(int Node, int Size)> level = [(0, maxSize)];
        for (int depth = 0; level.Count > 0 && tables.HasChildren(depth); depth++)
        {
            // Subtrees soon get small, and the table with them.
            SiblingTable siblings = tables.Siblings(depth, level.Max(subtree => subtree.Size));
            List<(int Node, int Size)> next = [];
            foreach ((int node, int size) in level)
            {
                int left = size - 1;
                // A remainder of 0 adds nothing: no further children.
                for (int k = 1; k <= siblings.Ranks && siblings[k][left] > 0; k++)
                {
                    int share = siblings.Share(k, left);
                    next.Add((parents.Count, share));
                    parents.Add(node);
                    left -= share;
                }
            }
            level = next;
        }
        return [.. parents];
    }
}
