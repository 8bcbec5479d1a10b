using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Sampling;

namespace Sequoia.Native;

/// <summary>The passes of a speculation step, at every size to measure, ready to run repeatedly at one context.</summary>
internal sealed class PairPasses : IDisposable
{
    // A common temperature; greedy steps save only the small cost of drawing and verifying.
    private static readonly SamplingOptions Sampling = new(0.6f);

    // Deep enough to be as slow as real trees, whose paths are this long at most.
    private const int DeepestChain = 128;

    private readonly Parts _parts = new();
    private readonly Backend _backend;
    private readonly ForwardPass _target;
    private readonly ForwardPass _draft;
    private readonly Timed[] _checks, _layers, _levels;
    private readonly Timed _verify;
    private readonly WorkQueue _queue;
    private readonly StreamModel? _stream;

    /// <summary>Prepares the passes. Of a target that is streamed only the first layer, in memory: to read all of them for every pass would take minutes.</summary>
    public PairPasses(Llama target, Llama draft, int context, IReadOnlyList<int> sizes)
    {
        _stream = target.Backend.StreamModelOf(target, draft);
        if (target.Backend.LoadFirstLayer(target) is { } first)
        {
            _parts.Own(first.Backend);
            LayersLeft = target.Config.Layers - 1;
            target = first;
        }
        _backend = target.Backend;
        int most = sizes[^1], vocabulary = target.Config.VocabularySize;
        // A level's nodes are children of a root, which nothing is drawn from, and have one child each.
        int positions = context + (2 * most) + 1, pages = KvPool.PagesFor(positions);
        var size = new WorkspaceSize(most, most, positions, Children: 1);
        try
        {
            _queue = _parts.Own(_backend.CreateQueue());
            _target = _parts.Own(new ForwardPass(target, _parts.Own(target.Backend.CreatePool(target.Config, pages)), size));
            _draft = _parts.Own(new ForwardPass(draft, _parts.Own(draft.Backend.CreatePool(draft.Config, pages)), size));
            // All of them use the same rows, one after the other, as the steps of a text do.
            KvPages ofTarget = _parts.Own(new KvPages(_target.Pool, positions)), ofDraft = _parts.Own(new KvPages(_draft.Pool, positions));
            ofTarget.Reserve(positions);
            ofDraft.Reserve(positions);
            // A text would have computed the prefix. Arbitrary memory may hold NaN, on which drawing and verifying give up at once.
            _target.Pool.Fill(_queue);
            _draft.Pool.Fill(_queue);
            Pass[] checks = [.. sizes.Select(nodes => PassOver(SequenceOf(Deep(nodes, Math.Min(DeepestChain, _backend.MostTreeLevels))), nodes))];
            _checks = [.. checks.Select(pass => new Timed(() => _target.Run(_queue, pass)))];
            _layers = [.. checks.Select(pass => new Timed(() => _target.RunLayers(_queue, pass)))];
            _levels = [.. sizes.Select(nodes => Level(SequenceOf(TokenTree.Chains(nodes, 2)), nodes))];
            Pass root = _parts.Own(_backend.CreatePass(target, ModelRole.Target, 1, 1, levels: 1));
            root.Add(SequenceOf(TokenTree.Root), [0]);
            root.Complete(_queue, 1);
            _verify = new Timed(() => _backend.VerifyTrees(_queue, _target.Workspace, null, root));
            _backend.Wait(_queue);

            Sequence SequenceOf(TokenTree tree)
            {
                Sequence sequence = _parts.Own(_backend.CreateSequence(tree, SpeculationMethod.Sequoia, vocabulary, 1, ofTarget, ofDraft));
                sequence.Resume(Sampling, default, context);
                // Different tokens, so that no embedding row is in the cache because of another.
                sequence.Place(_queue, 0, [.. Enumerable.Range(0, tree.Size).Select(node => 3 + (node * 37 % (vocabulary - 3)))]);
                return sequence;
            }

            Pass PassOver(Sequence sequence, int nodes)
            {
                Pass pass = _parts.Own(_backend.CreatePass(target, ModelRole.Target, nodes, 1));
                pass.Add(sequence, [.. Enumerable.Range(0, nodes)]);
                pass.Complete(_queue, nodes);
                return pass;
            }

            Timed Level(Sequence sequence, int nodes)
            {
                Pass pass = _parts.Own(_backend.CreatePass(draft, ModelRole.Draft, nodes, 1));
                pass.Add(sequence, [.. Enumerable.Range(1, nodes)]);
                pass.Complete(_queue, nodes);
                return new Timed(() =>
                {
                    _draft.Run(_queue, pass);
                    _backend.DrawChildren(_queue, _draft.Workspace, pass);
                });
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public bool IsStreamed => _stream is not null;

    /// <summary>The number of layers that <see cref="Check"/> leaves out; each takes as long as <see cref="CheckLayers"/>.</summary>
    public int LayersLeft { get; }

    /// <summary>The least that a step takes to read weights, without any tree; 0 if all are in memory.</summary>
    public double LeastSeconds(int context) => _stream?.TryPlan(TokenTree.Root, context) is { } plan ? plan.StreamedBytes / _stream.LinkBytesPerSecond : 0;

    /// <summary>The target's pass over a whole tree.</summary>
    public void Check(int size) => Run(_checks[size]);

    /// <summary>The layers of the same pass alone.</summary>
    public void CheckLayers(int size) => Run(_layers[size]);

    /// <summary>The draft's pass over one level, and drawing a child for each of its nodes.</summary>
    public void DraftLevel(int size) => Run(_levels[size]);

    /// <summary>Verifying one node, on the first row of the last <see cref="Check"/>.</summary>
    public void Verify() => Run(_verify);

    /// <summary>Checks that the last passes of both models gave numbers, since drawing and verifying take other time without.</summary>
    /// <exception cref="InvalidOperationException">They did not: a model's weights are damaged.</exception>
    public void RequireNumbers()
    {
        Require(_target, "target");
        Require(_draft, "draft");

        void Require(ForwardPass model, string name)
        {
            float[] logits = new float[model.Logits.Columns];
            model.Logits.Download(_queue, 0, logits);
            if (Array.Exists(logits, float.IsNaN))
                throw Verdict.OfNoNumbers(name);
        }
    }

    public void Dispose()
    {
        foreach (Timed? timed in (Timed?[])[.. _checks ?? [], .. _layers ?? [], .. _levels ?? [], _verify])
            timed?.Recording.Forget();
        _parts.Dispose();
    }

    /// <summary>A chain, or as many side by side as the device needs: long paths, since attention visits them.</summary>
    private static TokenTree Deep(int nodes, int mostLevels)
    {
        int width = 1 + (Math.Max(0, nodes - 2) / (mostLevels - 1));
        return TokenTree.FromParents([-1, .. Enumerable.Range(1, nodes - 1).Select(node => Math.Max(0, node - width))]);
    }

    /// <summary>Runs the pass as a step does, but waits for the device after each pass and not only after the last.</summary>
    private void Run(Timed timed)
    {
        _backend.Repeat(_queue, timed.Recording, timed.Work);
        _backend.Wait(_queue);
    }

    private sealed record Timed(Action Work)
    {
        public Recording Recording { get; } = new();
    }
}
