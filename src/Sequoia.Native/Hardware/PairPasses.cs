using Sequoia.Native.Execution;
using Sequoia.Native.Sampling;

namespace Sequoia.Native;

/// <summary>The passes of a speculation step, at every size to measure, ready to be run again and again behind one context.</summary>
internal sealed class PairPasses : IDisposable
{
    // The usual temperature; greedy steps save the little that drawing and verifying take.
    private static readonly SamplingOptions Sampling = new(0.6f);

    private readonly Backend _backend;
    private readonly LlamaSession _target;
    private readonly LlamaSession _draft;
    private readonly (TreeState State, TreeRows Rows)[] _trees;
    private readonly (TreeState State, TreeRows Rows)[] _levels;
    private readonly TreeState _root;
    private readonly Verdict _verdict = new(1);
    private uint _step;

    public PairPasses(Llama target, Llama draft, int context, IReadOnlyList<int> sizes)
    {
        _backend = target.Backend;
        int most = sizes[^1], vocabulary = target.Config.VocabularySize;
        _target = new LlamaSession(target, most, most, context + most);
        // A level's nodes hang below a root and have one child each.
        _draft = new LlamaSession(draft, most, most, context + (2 * most) + 1);
        _target.Cache.Length = _draft.Cache.Length = context;
        _trees = [.. sizes.Select(size => Prepare(size == 1 ? TokenTree.Root : TokenTree.Chain(size - 1), 0, [.. Enumerable.Range(0, size)]))];
        _levels = [.. sizes.Select(size => Prepare(TokenTree.Chains(size, 2), vocabulary, [.. Enumerable.Range(1, size)]))];
        _root = _backend.AllocateTree(TokenTree.Root, vocabulary);
    }

    /// <summary>The target's pass over a whole tree.</summary>
    public void Check(int size) => _target.Forward(_trees[size].State, _trees[size].Rows, LogitRows.All);

    /// <summary>The draft's pass over one level, and drawing a child for each of its nodes.</summary>
    public void DraftLevel(int size)
    {
        (TreeState state, TreeRows rows) = _levels[size];
        _draft.Forward(state, rows, LogitRows.All);
        _backend.DrawChildren(_draft.Logits, rows, state, Sampling, new RandomKey(0, _step++));
    }

    /// <summary>Verifying one node, on the first row of the last <see cref="Check"/>.</summary>
    public void Verify() => _backend.VerifyTree(_target.Logits, 1, _root, Sampling, new RandomKey(0, _step++), _verdict);

    public void Dispose()
    {
        _target.Dispose();
        _draft.Dispose();
        _root.Dispose();
        foreach ((TreeState state, _) in _trees.Concat(_levels))
            state.Dispose();
    }

    private (TreeState State, TreeRows Rows) Prepare(TokenTree tree, int vocabulary, int[] nodes)
    {
        TreeState state = _backend.AllocateTree(tree, vocabulary);
        // Different tokens, so that no row of the embedding is in the cache because of another.
        state.Upload([.. Enumerable.Range(0, tree.Size).Select(node => 3 + (node * 37 % (_target.Logits.Columns - 3)))]);
        return (state, new TreeRows(tree, nodes));
    }
}
