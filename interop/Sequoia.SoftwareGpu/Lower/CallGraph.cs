using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>Finds the functions of a module that are recursive, directly or through others. They cannot be inlined.</summary>
internal static class CallGraph
{
    /// <summary>
    /// Tarjan's strongly connected components algorithm with an explicit stack, because the module determines the nesting depth of calls.
    /// </summary>
    public static HashSet<string> Recursive(ParsedModule module)
    {
        Dictionary<string, string[]> callees = module.Functions.Values.ToDictionary(f => f.Name, f => (string[])
            [.. f.Body.Where(i => i.Callee is { } name && module.Functions.ContainsKey(name)).Select(i => i.Callee!).Distinct()]);
        HashSet<string> recursive = [.. callees.Where(pair => pair.Value.Contains(pair.Key)).Select(pair => pair.Key)];
        Dictionary<string, int> order = [], low = [];
        HashSet<string> open = [];
        Stack<string> component = new();
        foreach (string root in callees.Keys)
        {
            Stack<(string Name, int Next)> path = new();
            if (!order.ContainsKey(root))
                path.Push((root, 0));
            while (path.TryPop(out (string Name, int Next) at))
            {
                if (at.Next == 0)
                {
                    order[at.Name] = low[at.Name] = order.Count;
                    component.Push(at.Name);
                    open.Add(at.Name);
                }
                else if (open.Contains(callees[at.Name][at.Next - 1]))
                {
                    low[at.Name] = int.Min(low[at.Name], low[callees[at.Name][at.Next - 1]]);
                }

                if (at.Next < callees[at.Name].Length)
                {
                    path.Push((at.Name, at.Next + 1));
                    if (!order.ContainsKey(callees[at.Name][at.Next]))
                        path.Push((callees[at.Name][at.Next], 0));
                }
                else if (low[at.Name] == order[at.Name])
                {
                    Close(at.Name, component, open, recursive);
                }
            }
        }

        return recursive;
    }

    private static void Close(string root, Stack<string> component, HashSet<string> open, HashSet<string> recursive)
    {
        bool isAlone = component.Peek() == root;
        string member;
        do
        {
            member = component.Pop();
            open.Remove(member);
            if (!isAlone)
                recursive.Add(member);
        }
        while (member != root);
    }
}
