namespace Sequoia.Native.Backends;

/// <summary>The sizes of everything that decoding sequences with given trees needs; the decoder allocates by them, and plans count by them.</summary>
internal sealed record DecoderSizes
{
    /// <summary>Of one sequence, from the shape of its tree alone.</summary>
    /// <param name="trees">The shape of each sequence's trees.</param>
    /// <param name="context">The maximum number of tokens of a sequence.</param>
    /// <param name="prefillRows">The number of prompt tokens in one pass.</param>
    /// <param name="hasDraft">Whether there is a draft.</param>
    /// <param name="rootOnly">Whether the target computes only the trees' roots.</param>
    /// <param name="pages">Pages of each KV cache; by default enough for all sequences to fill their context.</param>
    public DecoderSizes(IReadOnlyList<TokenTree> trees, int context, int prefillRows, bool hasDraft, bool rootOnly = false, int? pages = null)
    {
        // Nodes may extend past the end of the context. Their results are cut off and never affect earlier tokens.
        int positions = context + trees.Max(tree => tree.Size), count = trees.Count;
        int children = trees.Max(tree => Enumerable.Range(0, tree.Size).Max(tree.ChildCount));
        PrefillRows = Math.Min(prefillRows, context);
        (Sequences, Nodes, Levels) = (count, trees.Sum(tree => tree.Size), trees.Max(tree => tree.Levels));
        CheckedRows = rootOnly ? count : Nodes;
        TargetPages = DraftPages = pages ?? trees.Sum(tree => KvPool.PagesFor(context + tree.Size));
        Target = new WorkspaceSize(Math.Max(CheckedRows, PrefillRows), CheckedRows, positions, children);
        if (!hasDraft || trees.All(tree => tree.Size == 1))
            return;
        int inner = trees.Sum(tree => Enumerable.Range(0, tree.Size).Count(node => tree.ChildCount(node) > 0));
        Draft = new WorkspaceSize(Math.Max(Math.Max(2 * count, inner), PrefillRows), inner, positions, children);
    }

    public int Sequences { get; }

    /// <summary>The nodes of all trees.</summary>
    public int Nodes { get; }

    /// <summary>The levels of the deepest tree.</summary>
    public int Levels { get; }

    /// <summary>The maximum number of prompt tokens in one pass.</summary>
    public int PrefillRows { get; }

    /// <summary>Rows of the target's pass in a step.</summary>
    public int CheckedRows { get; }

    public int TargetPages { get; }

    public int DraftPages { get; }

    public WorkspaceSize Target { get; }

    /// <summary>Null if no tree needs a draft.</summary>
    public WorkspaceSize? Draft { get; }
}
