namespace Sequoia.Native.Trees;

/// <summary>Reads the best tree out of the tables of the dynamic programs.</summary>
internal static class TreeBacktrack
{
    /// <param name="p">The acceptance vector.</param>
    /// <param name="maxSize">Nodes allowed, the root included.</param>
    /// <param name="tablesFor">G of the subtrees, and S by rank, for a node with so many levels allowed below it.</param>
    /// <param name="levels">Levels allowed, the root's included.</param>
    public static int[] Parents(ReadOnlySpan<double> p, int maxSize, Func<int, (ConcaveMajorant Best, ConcaveMajorant[] Added)> tablesFor, int levels)
    {
        var parents = new List<int> { -1 };
        var open = new Queue<(int Node, int Size, int Below)>();
        open.Enqueue((0, maxSize, levels - 1));
        while (open.TryDequeue(out (int Node, int Size, int Below) at))
        {
            if (at.Below == 0)
                continue;
            (ConcaveMajorant best, ConcaveMajorant[] added) = tablesFor(at.Below);
            int left = at.Size - 1;
            // A rest of 0 adds nothing: no further children.
            for (int k = 0; added[k].Values[left] > 0; k++)
            {
                // The same sums as in the table, so one of them is equal to the bit; the first one has the fewest nodes.
                int j = 1;
                while ((p[k] * best.Values[j]) + added[k + 1].Values[left - j] != added[k].Values[left])
                    j++;
                open.Enqueue((parents.Count, j, at.Below - 1));
                parents.Add(at.Node);
                left -= j;
            }
        }
        return [.. parents];
    }
}
