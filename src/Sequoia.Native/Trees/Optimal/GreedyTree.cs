namespace Sequoia.Native.Trees;

/// <summary>
/// Repeatedly takes the most likely remaining node. If no row of acceptance increases with the rank, a node is never more likely than
/// its parent or its previous sibling, so the n most likely nodes always form a tree: the best one.
/// </summary>
internal static class GreedyTree
{
    private readonly record struct Candidate(int Parent, int Rank, int Depth);

    /// <param name="rows">Acceptance by depth of the parent and rank; the last row holds for all deeper parents.</param>
    /// <param name="maxSize">Nodes allowed.</param>
    /// <param name="levels">Levels allowed.</param>
    /// <returns>Parents in the order in which nodes were taken, and f of each: the first n are the best tree of n nodes.</returns>
    public static (int[] Parents, double[] Reached) Grow(double[][] rows, int maxSize, int levels)
    {
        var parents = new List<int> { -1 };
        var reached = new List<double> { 1 };
        // Ties go to the node that was added first, so that the result does not depend on the heap.
        var queue = new PriorityQueue<Candidate, (double Loss, int Order)>();
        int offers = 0;
        Offer(new Candidate(0, 1, 1));
        while (parents.Count < maxSize && queue.TryDequeue(out Candidate taken, out (double Loss, int Order) priority))
        {
            int node = parents.Count;
            parents.Add(taken.Parent);
            reached.Add(-priority.Loss);
            Offer(new Candidate(node, 1, taken.Depth + 1));
            Offer(taken with { Rank = taken.Rank + 1 });
        }
        return ([.. parents], [.. reached]);

        void Offer(Candidate candidate)
        {
            double[] row = rows[Math.Min(candidate.Depth, rows.Length) - 1];
            if (candidate.Depth >= levels || candidate.Rank > row.Length)
                return;
            double gain = reached[candidate.Parent] * row[candidate.Rank - 1];
            if (gain > 0)
                queue.Enqueue(candidate, (-gain, offers++));
        }
    }
}
