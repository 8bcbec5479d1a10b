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
    private const int PrefillChunk = 64;

    private readonly Backend _backend;
    private readonly LlamaSession _target;
    private readonly LlamaSession? _draft;
    private readonly TreeState _tree;
    private readonly TreeRows _treeRows;
    private readonly TreeRows[] _levels;
    private readonly TreeState _chain;
    private readonly TreeRows _chainRows;
    private readonly int[] _accepted;
    private readonly int[] _pending = new int[2];
    private SamplingOptions _sampling;
    private ulong _seed;
    private int _pendingCount;
    private int _root;

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
        TokenTree chain = TokenTree.Chain(PrefillChunk - 1);
        _treeRows = rootOnly ? new TreeRows(tree, [0]) : TreeRows.All(tree);
        _target = new LlamaSession(target, Math.Max(_treeRows.Count, PrefillChunk), _treeRows.Count, capacity);
        draft = tree.Size == 1 ? null : draft;
        _levels = draft is null ? [] : InnerLevels(tree);
        if (draft is not null)
            _draft = new LlamaSession(draft, Math.Max(tree.Size, PrefillChunk), _levels.Max(l => l.Count), capacity);
        _tree = _backend.AllocateTree(tree, target.Config.VocabularySize, method);
        _chain = _backend.AllocateTree(chain, 0);
        _chainRows = TreeRows.All(chain);
        _accepted = new int[tree.Levels];
        Verdict = new Verdict(tree.Levels);
    }

    public TokenTree Tree { get; }

    public int Context { get; }

    public int Steps { get; private set; }

    public TimeSpan DraftTime { get; private set; }

    public TimeSpan VerifyTime { get; private set; }

    /// <summary>The part of both that drew children and verified them: everything but the forward passes.</summary>
    public TimeSpan SamplingTime { get; private set; }

    /// <summary>The target's logits of the last step, one row per node.</summary>
    public Activations TargetLogits => _target.Logits;

    public Verdict Verdict { get; }

    /// <summary>Begins a sequence: computes the prompt's keys and values in both models. The last prompt token is the first root.</summary>
    public void Start(ReadOnlySpan<int> prompt, SamplingOptions sampling, ulong seed, CancellationToken cancellation)
    {
        (_sampling, _seed, Steps) = (sampling, seed, 0);
        DraftTime = VerifyTime = SamplingTime = TimeSpan.Zero;
        _pendingCount = 0;
        Prefill(_target, prompt[..^1], cancellation);
        if (_draft is not null)
            Prefill(_draft, prompt[..^1], cancellation);
        Root(prompt[^1]);
    }

    /// <summary>One step: returns the tokens it commits, at least one. Valid until the next step.</summary>
    public ReadOnlySpan<int> Step()
    {
        var random = new RandomKey(_seed, (uint)Steps++);
        long start = Stopwatch.GetTimestamp();
        _tree.Upload([_root]);
        if (_draft is not null)
            Grow(_draft, random);
        long grown = Stopwatch.GetTimestamp();
        _target.Forward(_tree, _treeRows, LogitRows.All);
        long checkedAt = Stopwatch.GetTimestamp();
        _backend.VerifyTree(_target.Logits, _treeRows.Count, _tree, _sampling, random, Verdict);
        SamplingTime += Stopwatch.GetElapsedTime(checkedAt);
        int count = Commit();
        DraftTime += Stopwatch.GetElapsedTime(start, grown);
        VerifyTime += Stopwatch.GetElapsedTime(grown);
        return _accepted.AsSpan(0, count);
    }

    public void Dispose()
    {
        _target.Dispose();
        _draft?.Dispose();
        _tree.Dispose();
        _chain.Dispose();
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
            int count = Math.Min(tokens.Length, PrefillChunk);
            ForwardChain(session, tokens[..count], LogitRows.None);
            session.Cache.Length += count;
            tokens = tokens[count..];
        }
    }

    private void ForwardChain(LlamaSession session, ReadOnlySpan<int> tokens, LogitRows logits)
    {
        _chain.Upload(tokens);
        _chainRows.Count = tokens.Length;
        session.Forward(_chain, _chainRows, logits);
    }

    private void Grow(LlamaSession draft, RandomKey random)
    {
        // The root, and before it an accepted leaf of the last tree, which the draft has not computed.
        ForwardChain(draft, _pending.AsSpan(0, _pendingCount), LogitRows.Last);
        draft.Cache.Length += _pendingCount - 1;
        for (int level = 0; level < _levels.Length; level++)
        {
            if (level > 0)
                draft.Forward(_tree, _levels[level], LogitRows.All);
            long drawn = Stopwatch.GetTimestamp();
            _backend.DrawChildren(draft.Logits, _levels[level], _tree, _sampling, random);
            SamplingTime += Stopwatch.GetElapsedTime(drawn);
        }
    }

    private int Commit()
    {
        ReadOnlySpan<int> path = Verdict.Path;
        int count = path.Length;
        _tree.Download(path[1..], _accepted);
        _accepted[count - 1] = Verdict.Token;
        Keep(_target, path);
        _pendingCount = 0;
        if (_draft is not null)
        {
            bool endsInLeaf = Tree.ChildCount(path[^1]) == 0;
            Keep(_draft, endsInLeaf ? path[..^1] : path);
            if (endsInLeaf)
                _pending[_pendingCount++] = _accepted[count - 2];
        }
        Root(Verdict.Token);
        return count;
    }

    private void Keep(LlamaSession session, ReadOnlySpan<int> path)
    {
        _backend.Compact(session.Cache, path);
        session.Cache.Length += path.Length;
    }

    private void Root(int token)
    {
        _root = token;
        _pending[_pendingCount++] = token;
    }
}
