using System.Diagnostics;
using Sequoia.Native.Execution;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Generation;

/// <summary>
/// The speculation loop for one sequence: grow a tree with the draft, check it with the target in one pass, verify, prune both KV
/// caches, commit. A lone root is autoregressive decoding. After warm-up a step allocates nothing.
/// </summary>
internal sealed class Decoder : IDisposable
{
    private readonly Backend _backend;
    private readonly LlamaSession _target;
    private readonly LlamaSession? _draft;
    private readonly TreeState _tree;
    private readonly TreeRows _treeRows;
    private readonly TreeRows[] _levels;
    private readonly TreeState _chain;
    private readonly TreeRows _chainRows;
    // What the draft computes before it draws: the root, and before that an accepted leaf of the last tree, which it has not seen.
    private readonly TreeState _pending;
    private readonly TreeRows[] _pendingRows;
    private readonly Recording[] _recordings = [new(), new()];
    private readonly Action _work;
    private readonly WorkQueue _queue;
    private SamplingOptions _sampling;
    private ulong _seed;
    private int _pendingCount;

    /// <param name="target">The model whose distribution the output has.</param>
    /// <param name="draft">The model that grows the tree; unused with a lone root.</param>
    /// <param name="tree">The tree's shape.</param>
    /// <param name="context">The most committed tokens.</param>
    /// <param name="method">How children are drawn and verified.</param>
    /// <param name="rootOnly">
    /// Whether the target computes the tree's root alone. A step then commits one token: the root's accepted child
    /// (<see cref="Verdict.Ahead"/>), or what is drawn where none is accepted.
    /// </param>
    public Decoder(
        Llama target, Llama? draft, TokenTree tree, int context, SpeculationMethod method = SpeculationMethod.Sequoia, bool rootOnly = false)
    {
        _backend = target.Backend;
        Tree = tree;
        Context = context;
        // Nodes may reach past the context's end; what they say there is cut off, and never changes what comes before.
        int capacity = context + tree.Size;
        int chunk = Math.Min(_backend.PrefillRows, context);
        TokenTree chain = chunk == 1 ? TokenTree.Root : TokenTree.Chain(chunk - 1);
        _queue = _backend.CreateQueue();
        using WorkQueue.Stay stay = _queue.Enter();
        try
        {
            _treeRows = rootOnly ? new TreeRows(tree, [0]) : TreeRows.All(tree);
            _target = new LlamaSession(target, Math.Max(_treeRows.Count, chunk), _treeRows.Count, capacity);
            draft = tree.Size == 1 ? null : draft;
            _levels = draft is null ? [] : InnerLevels(tree);
            if (draft is not null)
                _draft = new LlamaSession(draft, Math.Max(tree.Size, chunk), _levels.Max(l => l.Count), capacity);
            _tree = _backend.AllocateTree(tree, target.Config.VocabularySize, method);
            _chain = _backend.AllocateTree(chain, 0);
            _chainRows = TreeRows.All(chain);
            TokenTree pair = TokenTree.Chain(1);
            _pending = _backend.AllocateTree(pair, 0);
            _pendingRows = [new TreeRows(pair, [0]), new TreeRows(pair, [0, 1])];
        }
        catch
        {
            Dispose();
            throw;
        }
        _work = Work;
    }

    public TokenTree Tree { get; }

    public int Context { get; }

    public int Steps { get; private set; }

    /// <summary>Of this and the next two nothing is known with a device that only queues work.</summary>
    public TimeSpan DraftTime { get; private set; }

    public TimeSpan VerifyTime { get; private set; }

    /// <summary>The part of both that drew children and verified them: everything but the forward passes.</summary>
    public TimeSpan SamplingTime { get; private set; }

    /// <summary>The target's logits of the last step, one row per node.</summary>
    public Activations TargetLogits => _target.Logits;

    public Verdict Verdict => _tree.Verdict;

    /// <summary>Begins a sequence: computes the prompt's keys and values in both models. The last prompt token is the first root.</summary>
    public void Start(ReadOnlySpan<int> prompt, SamplingOptions sampling, ulong seed, CancellationToken cancellation)
    {
        using WorkQueue.Stay stay = _queue.Enter();
        if (sampling != _sampling || seed != _seed)
            ForgetRecordings();
        (_sampling, _seed, Steps) = (sampling, seed, 0);
        DraftTime = VerifyTime = SamplingTime = TimeSpan.Zero;
        Prefill(_target, prompt[..^1], cancellation);
        if (_draft is not null)
            Prefill(_draft, prompt[..^1], cancellation);
        int committed = prompt.Length - 1;
        _tree.Begin(prompt[^1..], committed, new RandomKey(seed, 0));
        _pending.Begin(prompt[^1..], committed);
        _pendingCount = 1;
    }

    /// <summary>One step: returns the tokens it commits, at least one. Valid until the next step.</summary>
    public ReadOnlySpan<int> Step()
    {
        Steps++;
        using (_queue.Enter())
        {
            _backend.Repeat(_recordings[_pendingCount - 1], _work);
            _backend.FetchVerdict(_tree);
        }
        int committed = _target.Cache.Length += Verdict.Length;
        bool endsInLeaf = Tree.ChildCount(Verdict.Path[^1]) == 0;
        if (_draft is not null)
            _draft.Cache.Length = endsInLeaf ? committed - 1 : committed;
        _pendingCount = endsInLeaf && _draft is not null ? 2 : 1;
        _tree.Committed = _pending.Committed = committed;
        return Verdict.Tokens;
    }

    /// <summary>The next step asks the device for everything anew.</summary>
    public void ForgetRecordings() => Array.ForEach(_recordings, recording => recording.Forget());

    public void Dispose()
    {
        // Some are missing where the constructor failed.
        foreach (IDisposable? item in (IDisposable?[])[_target, _draft, _tree, _chain, _pending])
            item?.Dispose();
        ForgetRecordings();
        _queue.Dispose();
    }

    /// <summary>The nodes that have children, level by level: leaves need no draft pass.</summary>
    private static TreeRows[] InnerLevels(TokenTree tree)
    {
        var nodes = Enumerable.Range(0, tree.Size).Where(node => tree.ChildCount(node) > 0);
        return [.. nodes.GroupBy(node => tree.Depth(node)).OrderBy(level => level.Key).Select(level => new TreeRows(tree, [.. level]))];
    }

    private void Prefill(LlamaSession session, ReadOnlySpan<int> tokens, CancellationToken cancellation)
    {
        session.Cache.Length = 0;
        while (!tokens.IsEmpty)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(tokens.Length, _chain.Tree.Size);
            _chain.Begin(tokens[..count]);
            _chainRows.Count = count;
            session.Forward(_chain, _chainRows, LogitRows.None);
            session.Cache.Length += count;
            tokens = tokens[count..];
        }
    }

    /// <summary>Everything that a step asks of the device.</summary>
    private void Work()
    {
        long start = Stopwatch.GetTimestamp();
        if (_draft is not null)
            Grow(_draft);
        long grown = Stopwatch.GetTimestamp();
        _target.Forward(_tree, _treeRows, LogitRows.All);
        long checkedAt = Stopwatch.GetTimestamp();
        _backend.VerifyTree(_target.Logits, _treeRows.Count, _tree, _sampling);
        SamplingTime += Stopwatch.GetElapsedTime(checkedAt);
        _backend.Commit(_tree, _pending, _target.Cache, _draft?.Cache);
        DraftTime += Stopwatch.GetElapsedTime(start, grown);
        VerifyTime += Stopwatch.GetElapsedTime(grown);
    }

    private void Grow(LlamaSession draft)
    {
        draft.Forward(_pending, _pendingRows[_pendingCount - 1], LogitRows.Last);
        draft.Cache.Length += _pendingCount - 1;
        for (int level = 0; level < _levels.Length; level++)
        {
            if (level > 0)
                draft.Forward(_tree, _levels[level], LogitRows.All);
            long drawn = Stopwatch.GetTimestamp();
            _backend.DrawChildren(draft.Logits, _levels[level], _tree, _sampling);
            SamplingTime += Stopwatch.GetElapsedTime(drawn);
        }
    }
}
