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
    private readonly List<TreeState> _states = [];
    private readonly Pass[] _checks, _levels;
    private readonly Pass _verify;
    private readonly WorkQueue _queue;

    public PairPasses(Llama target, Llama draft, int context, IReadOnlyList<int> sizes)
    {
        _backend = target.Backend;
        _queue = _backend.CreateQueue();
        using WorkQueue.Stay stay = _queue.Enter();
        int most = sizes[^1], vocabulary = target.Config.VocabularySize;
        _target = new LlamaSession(target, most, most, context + most);
        // A level's nodes hang below a root and have one child each.
        _draft = new LlamaSession(draft, most, most, context + (2 * most) + 1);
        _target.Cache.Length = _draft.Cache.Length = context;
        _checks = [.. sizes.Select(size => PassOf(size == 1 ? TokenTree.Root : TokenTree.Chain(size - 1), 0, [.. Enumerable.Range(0, size)],
            (state, rows) => _target.Forward(state, rows, LogitRows.All)))];
        _levels = [.. sizes.Select(size => PassOf(TokenTree.Chains(size, 2), vocabulary, [.. Enumerable.Range(1, size)], (state, rows) =>
        {
            _draft.Forward(state, rows, LogitRows.All);
            _backend.DrawChildren(_draft.Logits, rows, state, Sampling);
        }))];
        _verify = PassOf(TokenTree.Root, vocabulary, [0], (state, _) => _backend.VerifyTree(_target.Logits, 1, state, Sampling));
    }

    /// <summary>The target's pass over a whole tree.</summary>
    public void Check(int size) => Run(_checks[size]);

    /// <summary>The draft's pass over one level, and drawing a child for each of its nodes.</summary>
    public void DraftLevel(int size) => Run(_levels[size]);

    /// <summary>Verifying one node, on the first row of the last <see cref="Check"/>.</summary>
    public void Verify() => Run(_verify);

    public void Dispose()
    {
        foreach (Pass pass in (Pass[])[.. _checks, .. _levels, _verify])
            pass.Recording.Forget();
        _queue.Dispose();
        _target.Dispose();
        _draft.Dispose();
        foreach (TreeState state in _states)
            state.Dispose();
    }

    /// <summary>As a step does it, but that a device is waited for after each pass and not only after the last.</summary>
    private void Run(Pass pass)
    {
        using WorkQueue.Stay stay = _queue.Enter();
        _backend.Repeat(pass.Recording, pass.Work);
        _backend.Wait();
    }

    private Pass PassOf(TokenTree tree, int vocabulary, int[] nodes, Action<TreeState, TreeRows> work)
    {
        TreeState state = _backend.AllocateTree(tree, vocabulary);
        _states.Add(state);
        // Different tokens, so that no row of the embedding is in the cache because of another.
        state.Begin([.. Enumerable.Range(0, tree.Size).Select(node => 3 + (node * 37 % (_target.Logits.Columns - 3)))]);
        var rows = new TreeRows(tree, nodes);
        return new Pass(new Recording(), () => work(state, rows));
    }

    private sealed record Pass(Recording Recording, Action Work);
}
