namespace Sequoia.Native.Trees;

/// <summary>
/// Takes the likeliest node that is left, again and again. With a non-increasing vector a node is never likelier than
/// its parent or its elder sibling, so the n likeliest nodes of all always form a tree: the best one.
/// </summary>
internal static class GreedyTree
{
    private readonly record struct Candidate(int Parent, int Rank, int Level);

    public static int[] Parents(ReadOnlySpan<double> p, int maxSize, int levels)
    {
        var parents = new List<int> { -1 };
        var reached = new List<double> { 1 };
        // Ties go to the node that was offered first, so that the result does not depend on the heap.
        var queue = new PriorityQueue<Candidate, (double Loss, int Order)>();
        int offers = 0;
        Offer(p, new Candidate(0, 1, 1));
        while (parents.Count < maxSize && queue.TryDequeue(out Candidate taken, out _))
        {
            int node = parents.Count;
            parents.Add(taken.Parent);
            reached.Add(reached[taken.Parent] * p[taken.Rank - 1]);
            if (taken.Level + 1 < levels)
                Offer(p, new Candidate(node, 1, taken.Level + 1));
            if (taken.Rank < p.Length)
                Offer(p, taken with { Rank = taken.Rank + 1 });
        }
        return [.. parents];

        void Offer(ReadOnlySpan<double> p, Candidate candidate)
        {
            double gain = reached[candidate.Parent] * p[candidate.Rank - 1];
            if (gain > 0)
                queue.Enqueue(candidate, (-gain, offers++));
        }
    }
}
