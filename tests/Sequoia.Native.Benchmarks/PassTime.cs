using Sequoia.Native.Backends;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Benchmarks;

/// <summary>A pass over a tree behind a prefix, ready to be run: what stands in the prefix does not matter to its time.</summary>
internal sealed class PassTime : IDisposable
{
    private readonly Parts _parts = new();

    public PassTime(Llama model, TokenTree tree, int prefix)
    {
        int positions = prefix + tree.Size;
        Queue = _parts.Own(model.Backend.CreateQueue());
        Pool = _parts.Own(model.Backend.CreatePool(model.Config, KvPool.PagesFor(positions)));
        Forward = _parts.Own(new ForwardPass(model, Pool, new WorkspaceSize(tree.Size, tree.Size, positions, tree.Size)));
        KvPages pages = _parts.Own(new KvPages(Pool, positions));
        pages.Reserve(positions);
        Sequence = _parts.Own(model.Backend.CreateSequence(tree, SpeculationMethod.Sequoia, model.Config.VocabularySize, 1, pages, pages));
        Sequence.Resume(new SamplingOptions(0.6f), default, prefix);
        Pass = PassOver(model, tree.Size);
    }

    public WorkQueue Queue { get; }

    public KvPool Pool { get; }

    public ForwardPass Forward { get; }

    public Sequence Sequence { get; }

    /// <summary>The pass over the whole tree.</summary>
    public Pass Pass { get; }

    /// <summary>The median time of one forward pass with logits, over n tokens behind a prefix, in seconds.</summary>
    public static double Measure(Llama model, int tokens, int prefix, int repeats)
    {
        using var time = new PassTime(model, tokens == 1 ? TokenTree.Root : TokenTree.Chain(tokens - 1), prefix);
        return MachineLimits.Median(repeats, () => time.Forward.Run(time.Queue, time.Pass));
    }

    /// <summary>A pass over the tree's first nodes.</summary>
    public Pass PassOver(Llama model, int nodes)
    {
        Pass pass = _parts.Own(model.Backend.CreatePass(model, ModelRole.Target, nodes, 1, Sequence.Tree.Levels));
        pass.Add(Sequence, [.. Enumerable.Range(0, nodes)]);
        pass.Complete(Queue, nodes);
        return pass;
    }

    public void Dispose() => _parts.Dispose();
}
