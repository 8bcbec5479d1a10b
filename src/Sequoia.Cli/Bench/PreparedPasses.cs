using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Sampling;

namespace Sequoia.Cli.Bench;

/// <summary>A piece of a pass, ready to run by itself.</summary>
/// <param name="Name">Its name in tables.</param>
/// <param name="Work">Queues it; an operation of layers in every loaded layer.</param>
/// <param name="Cost">The floor of the model's whole pass for it.</param>
/// <param name="Share">The runs of <paramref name="Work"/> that one pass of the model amounts to: more than 1 if not all layers are loaded.</param>
/// <param name="IsOfPass">Whether it belongs to the forward pass.</param>
internal sealed record PieceOfWork(string Name, Action Work, OperationCost Cost, double Share, bool IsOfPass)
{
    public int MostRuns { get; init; } = int.MaxValue;

    public Action? Before { get; init; }
}

/// <summary>Passes of one model over trees of several sizes, behind one prefix of random keys and values.</summary>
internal sealed class PreparedPasses : IDisposable
{
    // A common temperature; greedy steps save only the small cost of drawing and verifying.
    private static readonly SamplingOptions s_sampling = new(0.6f);

    private readonly Parts _parts = new();
    private readonly BenchedModel _model;
    private readonly Backend _backend;
    private readonly PassCosts _costs;
    private readonly KvPool _pool;
    private readonly KvPages _pages;
    private readonly ForwardPass _forward;
    private readonly int _context, _room;

    /// <param name="model">The model.</param>
    /// <param name="context">The tokens of the prefix.</param>
    /// <param name="mostRows">The most rows of a pass.</param>
    public PreparedPasses(BenchedModel model, int context, int mostRows)
    {
        (_model, _backend, _context, _costs) = (model, model.Llama.Backend, context, new PassCosts(model.Llama));
        // Behind a tree there is as much room again, in which commits go on.
        _room = (2 * mostRows) + 1;
        int positions = context + _room;
        try
        {
            Queue = _parts.Own(_backend.CreateQueue());
            _pool = _parts.Own(_backend.CreatePool(model.Llama.Config, KvPool.PagesFor(positions)));
            RandomCache.Fill(_pool);
            _forward = _parts.Own(new ForwardPass(model.Llama, _pool, new WorkspaceSize(mostRows, mostRows, positions, Children: 1)));
            _pages = _parts.Own(new KvPages(_pool, positions));
            _pages.Reserve(positions);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public WorkQueue Queue { get; }

    public Accumulators Logits => _forward.Logits;

    /// <summary>The whole pass over a tree, with logits of all rows.</summary>
    public Action Whole(TokenTree tree)
    {
        Pass pass = PassOver(tree, [.. Enumerable.Range(0, tree.Size)], out _);
        return () => _forward.Run(Queue, pass);
    }

    /// <summary>A pass over each node by itself. The pass over the whole tree comes first, since a node needs its ancestors' keys and values.</summary>
    public Action[] Alone(TokenTree tree)
    {
        Sequence sequence = SequenceOf(tree);
        return [.. Enumerable.Range(0, tree.Size).Select(node =>
        {
            Pass pass = PassOver(sequence, [node]);
            return (Action)(() => _forward.Run(Queue, pass));
        })];
    }

    /// <summary>The pieces of a step with a tree: the pass's operations, drawing a level of as many nodes, verifying, and committing the longest path.</summary>
    public IReadOnlyList<PieceOfWork> Pieces(TokenTree tree)
    {
        int rows = tree.Size;
        Pass pass = PassOver(tree, [.. Enumerable.Range(0, rows)], out Sequence sequence);
        // Real activations: what they are decides how much of drawing is skipped.
        _forward.Run(Queue, pass);
        return [.. Operations(pass), Draw(rows), Verify(tree.Levels), Commit(sequence, pass)];
    }

    public void Dispose() => _parts.Dispose();

    private IEnumerable<PieceOfWork> Operations(Pass pass)
    {
        foreach (PassOperation operation in Enum.GetValues<PassOperation>())
        {
            bool isOfLayers = operation is >= PassOperation.Qkv and <= PassOperation.Down;
            double layers = isOfLayers ? _model.Layers : 1, loaded = isOfLayers ? _model.Llama.Layers.Count : 1;
            yield return new PieceOfWork(
                NameOf(operation), () => _forward.Run(Queue, pass, operation), layers * _costs.Of(operation, pass.Count, _context), layers / loaded, IsOfPass: true);
        }
    }

    private static string NameOf(PassOperation operation) => operation switch
    {
        PassOperation.Embed => "embed",
        PassOperation.Qkv => "qkv",
        PassOperation.Attend => "attend",
        PassOperation.O => "o",
        PassOperation.GateUp => "gate and up",
        PassOperation.Down => "down",
        _ => "head",
    };

    private PieceOfWork Draw(int rows)
    {
        TokenTree tree = TokenTree.Chains(rows, 2);
        Pass level = PassOver(tree, [.. Enumerable.Range(1, rows)], out _);
        return new PieceOfWork("draw", () => _backend.DrawChildren(Queue, _forward.Workspace, level), _costs.OfLogits(rows), 1, IsOfPass: false);
    }

    /// <summary>
    /// A chain as long as the tree's longest path, whose draft equals the target: every child is accepted, as happens at best. It reads two rows of
    /// logits for each node.
    /// </summary>
    private PieceOfWork Verify(int levels)
    {
        TokenTree chain = levels == 1 ? TokenTree.Root : TokenTree.Chain(levels - 1);
        Pass all = PassOver(chain, [.. Enumerable.Range(0, levels)], out Sequence sequence);
        if (levels > 1)
            _backend.DrawChildren(Queue, _forward.Workspace, PassOver(sequence, [.. Enumerable.Range(0, levels - 1)]));
        return new PieceOfWork(
            "verify", () => _backend.VerifyTrees(Queue, _forward.Workspace, _forward.Workspace, all), _costs.OfLogits((2 * levels) - 1), 1, IsOfPass: false);
    }

    private PieceOfWork Commit(Sequence sequence, Pass pass)
    {
        int[] path = sequence.Tree.Path(sequence.Tree.Size - 1).ToArray();
        int moved = path.Where((node, i) => node != i).Count();
        // A device counts the committed tokens, and all of them need room.
        return new PieceOfWork("commit", () => _backend.Commit(Queue, pass, _pool, null), (double)_model.Layers / _model.Llama.Layers.Count * _costs.OfMoving(moved), 1, IsOfPass: false)
        {
            MostRuns = Math.Max(1, (_room - sequence.Tree.Size) / path.Length),
            Before = () =>
            {
                Place(sequence);
                pass.Decide(Queue, 0, path, 0);
            },
        };
    }

    private Pass PassOver(TokenTree tree, int[] nodes, out Sequence sequence)
    {
        sequence = SequenceOf(tree);
        return PassOver(sequence, nodes);
    }

    private Pass PassOver(Sequence sequence, int[] nodes)
    {
        Pass pass = _parts.Own(_backend.CreatePass(_model.Llama, ModelRole.Target, nodes.Length, 1, sequence.Tree.Levels));
        pass.Add(sequence, nodes);
        pass.Complete(Queue, nodes.Length);
        _backend.Wait(Queue);
        return pass;
    }

    private Sequence SequenceOf(TokenTree tree)
    {
        Sequence sequence = _parts.Own(_backend.CreateSequence(tree, SpeculationMethod.Sequoia, _model.Llama.Config.VocabularySize, 1, _pages, null));
        Place(sequence);
        return sequence;
    }

    private void Place(Sequence sequence)
    {
        int vocabulary = _model.Llama.Config.VocabularySize;
        sequence.Resume(s_sampling, default, _context);
        // Different tokens, so that no embedding row is in a cache because of another.
        sequence.Place(Queue, 0, [.. Enumerable.Range(0, sequence.Tree.Size).Select(node => (3 + (node * 37)) % vocabulary)]);
    }
}
