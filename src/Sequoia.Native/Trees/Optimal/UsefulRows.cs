namespace Sequoia.Native.Trees;

/// <summary>The part of an acceptance matrix that a tree of the given size and levels can use.</summary>
internal static class UsefulRows
{
    /// <summary>
    /// The rows by depth of the parent, none of which is empty or ends in 0; the last one applies to all deeper parents.
    /// Empty if only the root is useful.
    /// </summary>
    /// <param name="p">The matrix.</param>
    /// <param name="maxSize">Nodes allowed.</param>
    /// <param name="levels">Levels allowed, from 1 to <paramref name="maxSize"/>; reduced if an all-zero row comes earlier.</param>
    public static double[][] Of(AcceptanceByDepth p, int maxSize, ref int levels)
    {
        // Nodes of the lowest level have no children and need no row.
        int wanted = Math.Min(p.Count, levels - 1);
        double[][] rows = [.. Enumerable.Range(0, wanted).Select(depth => Of(p[depth], maxSize)).TakeWhile(row => row.Length > 0)];
        if (rows.Length < wanted)
            levels = rows.Length + 1;
        return rows;
    }

    /// <summary>Whether no row increases with the rank, so that <see cref="GreedyTree"/> is exact.</summary>
    public static bool AreNonIncreasing(double[][] rows) => Array.TrueForAll(rows, row =>
    {
        for (int k = 1; k < row.Length; k++)
        {
            if (row[k] > row[k - 1])
                return false;
        }
        return true;
    });

    private static double[] Of(AcceptanceVector p, int maxSize) =>
        p.Values[..Math.Min(p.Count, maxSize - 1)].TrimEnd(0.0).ToArray();
}
