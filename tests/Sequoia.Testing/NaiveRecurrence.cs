namespace Sequoia.Testing;

/// <summary>
/// The recurrence of the paper as it stands, in O(N^2 D B): T[n, d, b] for exactly n nodes, infeasible ones at minus
/// infinity, children added in order of rank. It shares nothing with the optimizer that it checks.
/// </summary>
internal static class NaiveRecurrence
{
    /// <summary>F of the best tree of at most <paramref name="size"/> nodes and <paramref name="levels"/> levels.</summary>
    /// <param name="rows">Acceptance by depth of the parent and rank; the last row also holds for deeper parents.</param>
    /// <param name="size">Nodes allowed.</param>
    /// <param name="levels">Levels allowed.</param>
    public static double Best(double[][] rows, int size, int levels)
    {
        double[] lone = new double[size + 1];
        Array.Fill(lone, double.NegativeInfinity);
        lone[1] = 1;
        double[] best = lone;
        for (int depth = levels - 2; depth >= 0; depth--)
            best = WithChildren(rows[Math.Min(depth, rows.Length - 1)], lone, best);
        return best.Max();
    }

    private static double[] WithChildren(double[] row, double[] lone, double[] subtree)
    {
        double[] best = [.. lone];
        double[] elder = lone;
        foreach (double p in row)
        {
            double[] children = new double[lone.Length];
            for (int n = 0; n < lone.Length; n++)
            {
                double most = double.NegativeInfinity;
                for (int m = 1; m < n; m++)
                {
                    // Infinity times a probability of 0 is no number.
                    if (subtree[m] > 0)
                        most = Math.Max(most, elder[n - m] + (p * subtree[m]));
                }
                children[n] = most;
                best[n] = Math.Max(best[n], most);
            }
            elder = children;
        }
        return best;
    }
}
