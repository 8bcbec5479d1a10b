using System.Diagnostics;
using Sequoia.Native.Backends;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Engine;

/// <summary>
/// The speculation loop, for any number of sequences in lockstep: grow trees with the draft, check them with the target in one pass, verify, prune
/// both KV caches, commit. A lone root is autoregressive decoding. A sequence's output does not depend on the other sequences, bit for bit. After
/// the first steps, a step allocates nothing.
/// </summary>
internal sealed class Decoder : IDisposable
{
    private static readonly int[] s_root = [0];
    private static readonly int[] s_beforeRoot = [-1];

    private readonly Parts _parts = new();
    private readonly Backend _backend;
    private readonly WorkQueue _queue;
    private readonly ForwardPass _target;
    private readonly ForwardPass? _draft;
    private readonly Sequence[] _sequences;
    private readonly Sequence[] _drafted;
    private readonly Pass _prompt;
    private readonly Pass? _draftPrompt;
    private readonly int[] _promptNodes;
    // The target's pass over all trees.
    private readonly Pass _check;
    // The draft's first passes: all roots, preceded by the last tokens of the sequences that lag. The index is the number of lagging sequences.
    private readonly Pass[] _roots = [];
    // The draft's further passes: a level's inner nodes, since leaves need none.
    private readonly Pass[] _levels = [];
    private readonly Recording[] _recordings;
    private readonly Action[] _work;
    // Not if the draft is the same model: then the target's pass is not its next one.
    private readonly bool _prefetches;
    private CancellationToken _cancellation;

    /// <param name="target">The model whose distribution the output has.</param>
    /// <param name="draft">The model that grows the trees; unused with lone roots.</param>
    /// <param name="trees">The shape of each sequence's trees.</param>
    /// <param name="context">The maximum number of tokens of a sequence.</param>
    /// <param name="method">How children are drawn and verified.</param>
    /// <param name="rootOnly">
    /// Whether the target computes only the trees' roots. A step then commits one token: the root's accepted child
    /// (<see cref="Verdict.Ahead"/>), or the token drawn if no child is accepted.
    /// </param>
    /// <param name="pages">Pages of the KV caches; by default enough for all sequences to fill their context.</param>
    public Decoder(
        Llama target, Llama? draft, IReadOnlyList<TokenTree> trees, int context, SpeculationMethod method = SpeculationMethod.Sequoia, bool rootOnly = false, int? pages = null)
    {
        _backend = target.Backend;
        Context = context;
        _queue = _parts.Own(_backend.CreateQueue());
        var sizes = new DecoderSizes(trees, context, _backend.PrefillRows, draft is not null, rootOnly, pages);
        draft = sizes.Draft is null ? null : draft;
        int chunk = sizes.PrefillRows, count = trees.Count;
        try
        {
            if (_backend.Reserve(target, draft, sizes) is { } reservation)
                _parts.Own(reservation);
            _target = Prepare(target, sizes.Target, sizes.TargetPages);
            if (draft is not null)
                _draft = Prepare(draft, sizes.Draft!.Value, sizes.DraftPages);
            _prefetches = draft?.Backend != _backend;
            _sequences = [.. trees.Select(tree => _parts.Own(_backend.CreateSequence(tree, method, target.Config.VocabularySize, chunk,
                _parts.Own(new KvPages(_target.Pool, context + tree.Size)), _draft is not null && tree.Size > 1 ? _parts.Own(new KvPages(_draft.Pool, context + tree.Size)) : null)))];
            _drafted = [.. _sequences.Where(sequence => sequence.DraftPages is not null)];
            _promptNodes = [.. Enumerable.Range(-chunk, chunk)];
            _prompt = _parts.Own(_backend.CreatePass(target, ModelRole.Target, chunk, 1));
            _check = _parts.Own(_backend.CreatePass(target, ModelRole.Target, sizes.CheckedRows, count, trees.Max(tree => tree.Levels)));
            foreach (Sequence sequence in _sequences)
                _check.Add(sequence, rootOnly ? s_root : [.. Enumerable.Range(0, sequence.Tree.Size)]);
            _check.Complete(_queue, sizes.CheckedRows);
            if (draft is not null)
            {
                _draftPrompt = _parts.Own(_backend.CreatePass(draft, ModelRole.Draft, chunk, 1));
                _roots = [.. Enumerable.Range(0, _drafted.Length + 1).Select(lagging => _parts.Own(_backend.CreatePass(draft, ModelRole.Draft, _drafted.Length + lagging, _drafted.Length + lagging)))];
                _levels = [.. Levels(draft)];
            }
            // Everything queued above is then on the device.
            _backend.Wait(_queue);
        }
        catch
        {
            Dispose();
            throw;
        }
        _recordings = [.. Enumerable.Range(0, _drafted.Length + 1).Select(_ => new Recording())];
        _work = [.. Enumerable.Range(0, _drafted.Length + 1).Select(lagging => (Action)(() => Work(lagging)))];
    }

    /// <summary>One sequence.</summary>
    public Decoder(Llama target, Llama? draft, TokenTree tree, int context, SpeculationMethod method = SpeculationMethod.Sequoia, bool rootOnly = false)
        : this(target, draft, [tree], context, method, rootOnly)
    {
    }

    public int Context { get; }

    public IReadOnlyList<Sequence> Sequences => _sequences;

    public int Vocabulary => _target.Logits.Columns;

    public int Steps { get; private set; }

    /// <summary>This and the next two values are unknown on a device that only queues work.</summary>
    public TimeSpan DraftTime { get; private set; }

    public TimeSpan VerifyTime { get; private set; }

    /// <summary>The part of both spent drawing and verifying children: everything but the forward passes.</summary>
    public TimeSpan SamplingTime { get; private set; }

    /// <summary>The outcome of the first sequence's last step.</summary>
    public Verdict Verdict => _sequences[0].Verdict;

    /// <summary>Copies the target's logits of the last step to the host.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="node">The node of its tree.</param>
    /// <param name="logits">Room for the whole vocabulary.</param>
    public void DownloadLogits(int sequence, int node, Span<float> logits) => _target.Logits.Download(_queue, _check.Parts[sequence].FirstRow + node, logits);

    /// <summary>Copies the tokens of a sequence's last tree to the host, except the root's: the root already holds the next root's token.</summary>
    public void DownloadNodes(int sequence, Span<int> tokens) => _sequences[sequence].Download(_queue, tokens);

    /// <summary>Begins the first sequence.</summary>
    public void Start(ReadOnlySpan<int> prompt, SamplingOptions sampling, ulong seed, CancellationToken cancellation) => Start(0, prompt, sampling, seed, cancellation);

    /// <summary>Begins a text: computes the prompt's keys and values in both models. The last prompt token is the first root.</summary>
    /// <param name="index">The sequence. Its previous text is dropped.</param>
    /// <param name="prompt">Tokens, at least one.</param>
    /// <param name="sampling">How tokens are drawn.</param>
    /// <param name="seed">The seed of the random numbers.</param>
    /// <param name="cancellation">Stops between passes.</param>
    /// <param name="like">Another sequence whose text begins with the same tokens; null if there is none.</param>
    /// <param name="shared">The number of shared tokens. Whole pages of them are shared instead of computed.</param>
    /// <exception cref="ArgumentException">The prompt is empty, longer than the context, or contains an id that is not a token.</exception>
    /// <exception cref="KvCacheFullException">There are too few free pages.</exception>
    public void Start(
        int index, ReadOnlySpan<int> prompt, SamplingOptions sampling, ulong seed, CancellationToken cancellation, int? like = null, int shared = 0)
    {
        if (prompt.IsEmpty || prompt.Length > Context)
            throw new ArgumentException($"{prompt.Length} tokens are not 1 to {Context}", nameof(prompt));
        foreach (int token in prompt)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)Vocabulary, nameof(prompt));
        Sequence sequence = _sequences[index];
        (Steps, DraftTime, VerifyTime, SamplingTime) = (0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        int computed = Math.Min(shared, prompt.Length - 1) / KvPool.PageSize * KvPool.PageSize;
        sequence.Begin(sampling, seed, Context + sequence.Tree.Size, like is { } other ? _sequences[other] : null, computed);
        try
        {
            while (computed < prompt.Length - 1)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = Math.Min(prompt.Length - 1 - computed, _promptNodes.Length);
                sequence.Feed(_queue, prompt.Slice(computed, count));
                Compute(_target, _prompt, sequence, count, cancellation);
                if (sequence.DraftPages is not null)
                    Compute(_draft!, _draftPrompt!, sequence, count, cancellation);
                computed += count;
            }
            sequence.Place(_queue, 0, prompt[^1..]);
        }
        catch
        {
            sequence.End();
            throw;
        }
    }

    /// <summary>Runs one step of all sequences. Returns the first's committed tokens, at least one; the verdicts have all. Valid until the next step.</summary>
    /// <exception cref="InvalidOperationException">A sequence has not begun, or its context is full.</exception>
    /// <exception cref="ModelFileException">Weights that are streamed could not be read. The sequences must begin anew.</exception>
    /// <exception cref="OperationCanceledException">The step was cancelled while it waited for such weights. The sequences must begin anew.</exception>
    public ReadOnlySpan<int> Step(CancellationToken cancellation = default)
    {
        foreach (Sequence sequence in _sequences)
        {
            if (!sequence.HasRoom)
                throw new InvalidOperationException(sequence.TargetPages.Count == 0 ? "a sequence has not begun" : $"a sequence is at the end of its context of {Context} tokens");
        }
        foreach (Sequence sequence in _sequences)
            sequence.Verdict.Clear();
        _cancellation = cancellation;
        int lagging = PlaceRoots();
        _backend.Repeat(_queue, _recordings[lagging], _work[lagging]);
        Steps++;
        try
        {
            _backend.FetchVerdicts(_queue, _check);
        }
        finally
        {
            // Damaged logits of one sequence are an error; the device has already committed the others' verdicts.
            foreach (Sequence sequence in _sequences)
            {
                if (sequence.Verdict.Length > 0)
                    sequence.Advance();
            }
        }
        return Verdict.Tokens;
    }

    /// <summary>The next step submits all work to the device anew.</summary>
    public void ForgetRecordings() => Array.ForEach(_recordings, recording => recording.Forget());

    public void Dispose()
    {
        // Null if the constructor failed.
        foreach (Recording recording in _recordings ?? [])
            recording.Forget();
        _parts.Dispose();
    }

    private ForwardPass Prepare(Llama model, WorkspaceSize size, int pages) =>
        _parts.Own(new ForwardPass(model, _parts.Own(model.Backend.CreatePool(model.Config, pages)), size));

    private IEnumerable<Pass> Levels(Llama draft)
    {
        int firstLogit = _drafted.Length;
        for (int depth = 1; ; depth++)
        {
            int[][] nodes = [.. _drafted.Select(sequence => InnerNodes(sequence.Tree, depth))];
            int rows = nodes.Sum(level => level.Length);
            if (rows == 0)
                yield break;
            Pass pass = _parts.Own(_backend.CreatePass(draft, ModelRole.Draft, rows, _drafted.Length));
            for (int i = 0; i < nodes.Length; i++)
            {
                if (nodes[i].Length > 0)
                    pass.Add(_drafted[i], nodes[i]);
            }
            pass.Complete(_queue, rows, firstLogit);
            firstLogit += rows;
            yield return pass;
        }
    }

    private static int[] InnerNodes(TokenTree tree, int depth) =>
        [.. Enumerable.Range(0, tree.Size).Where(node => tree.Depth(node) == depth && tree.ChildCount(node) > 0)];

    private void Compute(ForwardPass model, Pass pass, Sequence sequence, int count, CancellationToken cancellation)
    {
        pass.Clear();
        pass.Add(sequence, _promptNodes.AsSpan(^count..));
        pass.Complete(_queue, 0);
        model.Run(_queue, pass, cancellation);
    }

    /// <summary>Sets up the draft's first pass for the sequences that lag now; returns their number.</summary>
    private int PlaceRoots()
    {
        if (_draft is null)
            return 0;
        int lagging = _drafted.Count(static sequence => sequence.DraftLags);
        Pass pass = _roots[lagging];
        if (pass.Count > 0 && BeginsWithLagging(pass))
            return lagging;
        pass.Clear();
        foreach (Sequence sequence in _drafted)
        {
            if (sequence.DraftLags)
                pass.Add(sequence, s_beforeRoot);
        }
        foreach (Sequence sequence in _drafted)
            pass.Add(sequence, s_root);
        pass.Complete(_queue, _drafted.Length);
        return lagging;
    }

    /// <summary>Whether the first rows of a pass over roots belong to the sequences that lag now, given that their number matches.</summary>
    private bool BeginsWithLagging(Pass pass)
    {
        int row = 0;
        foreach (Sequence sequence in _drafted)
        {
            if (sequence.DraftLags && pass.Rows[row++].Sequence != sequence)
                return false;
        }
        return true;
    }

    /// <summary>All device work of a step.</summary>
    private void Work(int lagging)
    {
        long start = Stopwatch.GetTimestamp();
        if (_prefetches)
            _backend.Prefetch(_queue);
        if (_draft is not null)
            Grow(_draft, lagging);
        long grown = Stopwatch.GetTimestamp();
        _target.Run(_queue, _check, _cancellation);
        long checkedAt = Stopwatch.GetTimestamp();
        _backend.VerifyTrees(_queue, _target.Workspace, _draft?.Workspace, _check);
        SamplingTime += Stopwatch.GetElapsedTime(checkedAt);
        _backend.Commit(_queue, _check, _target.Pool, _draft?.Pool);
        DraftTime += Stopwatch.GetElapsedTime(start, grown);
        VerifyTime += Stopwatch.GetElapsedTime(grown);
    }

    private void Grow(ForwardPass draft, int lagging)
    {
        for (int level = 0; level <= _levels.Length; level++)
        {
            Pass pass = level == 0 ? _roots[lagging] : _levels[level - 1];
            draft.Run(_queue, pass, _cancellation);
            long drawn = Stopwatch.GetTimestamp();
            _backend.DrawChildren(_queue, draft.Workspace, pass);
            SamplingTime += Stopwatch.GetElapsedTime(drawn);
        }
    }
}
