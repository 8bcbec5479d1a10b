namespace Sequoia.SoftwareGpu.Lower;

/// <summary>
/// Computes immediate post-dominators with the iterative algorithm of Cooper, Harvey and Kennedy on the reversed graph. Every block without a path
/// to the end is also attached to the one virtual exit.
/// </summary>
internal static class PostDominators
{
    public static void Compute(Cfg cfg)
    {
        int exit = cfg.Blocks.Count;
        List<int>[] successors = new List<int>[exit + 1];
        List<int>[] predecessors = new List<int>[exit + 1];
        for (int b = 0; b <= exit; b++)
        {
            successors[b] = b < exit ? [.. cfg.Blocks[b].Successors] : [];
            predecessors[b] = b < exit ? [.. cfg.Blocks[b].Predecessors] : [];
        }

        void AttachToExit(int block)
        {
            successors[block].Add(exit);
            predecessors[exit].Add(block);
        }

        for (int b = 0; b < exit; b++)
        {
            if (successors[b].Count == 0 || cfg.HasExit(b))
                AttachToExit(b);
        }

        int[] order = Order(exit, predecessors);
        for (int b = 0; b < exit; b++)
        {
            // Only endless loops are still unreached here. One attachment makes the whole loop reach the exit.
            if (order[b] < 0)
            {
                AttachToExit(b);
                order = Order(exit, predecessors);
            }
        }

        int[] byOrder = new int[exit + 1];
        for (int b = 0; b <= exit; b++)
            byOrder[order[b]] = b;
        int[] dominator = new int[exit + 1];
        Array.Fill(dominator, -1);
        dominator[exit] = exit;
        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int k = 1; k <= exit; k++)
            {
                int block = byOrder[k];
                int candidate = -1;
                foreach (int successor in successors[block])
                {
                    if (dominator[successor] >= 0)
                        candidate = candidate < 0 ? successor : Intersect(candidate, successor, dominator, order);
                }

                if (dominator[block] != candidate)
                {
                    dominator[block] = candidate;
                    changed = true;
                }
            }
        }

        for (int b = 0; b < exit; b++)
            cfg.Blocks[b].PostDominator = dominator[b] == exit ? -1 : dominator[b];
    }

    private static int Intersect(int a, int b, int[] dominator, int[] order)
    {
        while (a != b)
        {
            while (order[a] > order[b])
                a = dominator[a];
            while (order[b] > order[a])
                b = dominator[b];
        }

        return a;
    }

    /// <summary>Reverse post-order from the exit over the reversed graph. Unreachable blocks have -1.</summary>
    private static int[] Order(int exit, List<int>[] predecessors)
    {
        int[] order = new int[exit + 1];
        Array.Fill(order, -1);
        bool[] seen = new bool[exit + 1];
        List<int> finished = [];
        Stack<(int Block, int Next)> stack = new();
        stack.Push((exit, 0));
        seen[exit] = true;
        while (stack.TryPop(out (int Block, int Next) top))
        {
            if (top.Next == predecessors[top.Block].Count)
            {
                finished.Add(top.Block);
                continue;
            }

            stack.Push((top.Block, top.Next + 1));
            int next = predecessors[top.Block][top.Next];
            if (!seen[next])
            {
                seen[next] = true;
                stack.Push((next, 0));
            }
        }

        for (int k = 0; k < finished.Count; k++)
            order[finished[k]] = finished.Count - 1 - k;
        return order;
    }
}
