using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends;

/// <summary>Which model of a pair: each sequence has a cache of keys and values in both.</summary>
internal enum ModelRole
{
    Target,
    Draft,
}

/// <summary>
/// One text at work: the tree that hangs behind its committed tokens, its pages of both KV caches, and what its request asks for. Nodes of the
/// tree count from 0, the root; node -k is the committed token k before the root, as passes over prompts compute them. Node i, of either
/// kind, is in row Committed + i of the sequence's caches.
/// </summary>
internal abstract class Sequence : IDisposable
{
    // What was asked for at the beginning; pages may have a little more.
    private int _positions;

    protected Sequence(TokenTree tree, SpeculationMethod method, KvPages target, KvPages? draft)
    {
        (Tree, Method, TargetPages, DraftPages) = (tree, method, target, draft);
        Verdict = new Verdict(tree.Levels);
    }

    public TokenTree Tree { get; }

    /// <summary>Of the sequence, since children must be verified by the method that they were drawn by.</summary>
    public SpeculationMethod Method { get; }

    public KvPages TargetPages { get; }

    /// <summary>Null where no draft helps.</summary>
    public KvPages? DraftPages { get; }

    public KvPages Pages(ModelRole role) => role == ModelRole.Target ? TargetPages : DraftPages!;

    public SamplingOptions Sampling { get; private set; }

    /// <summary>Names the random numbers of the step at hand.</summary>
    public RandomKey Random { get; private set; }

    /// <summary>Tokens before the root. The device counts them too, from <see cref="Feed"/> on and with every commit.</summary>
    public int Committed { get; private set; }

    /// <summary>Whether it has room for another step: not before <see cref="Begin"/>, and not at the end of its context.</summary>
    public bool HasRoom => Committed + Tree.Size <= _positions;

    /// <summary>Whether the draft has not computed the last committed token: the last path ended in a leaf.</summary>
    public bool DraftLags { get; private set; }

    /// <summary>The outcome of the last verification, once <see cref="Backend.FetchVerdicts"/> has brought it here.</summary>
    public Verdict Verdict { get; }

    /// <summary>Begins a text without tokens: its pages hold that many positions.</summary>
    /// <param name="sampling">How its tokens are drawn.</param>
    /// <param name="seed">Of its random numbers.</param>
    /// <param name="positions">The most tokens, and the tree's rows.</param>
    /// <param name="like">A sequence that this one begins like; null if there is none.</param>
    /// <param name="shared">Tokens that both begin with and <paramref name="like"/> has computed, a whole number of pages: theirs are shared.</param>
    /// <exception cref="KvCacheFullException">There are too few free pages: the sequence has none then.</exception>
    public void Begin(SamplingOptions sampling, ulong seed, int positions, Sequence? like = null, int shared = 0)
    {
        if (like == this || (shared > 0 && DraftPages is not null && like?.DraftPages is null))
            throw new InvalidOperationException("tokens can be shared with another sequence that has a draft too");
        if (shared > (like?.Committed - (like is { DraftLags: true } ? 1 : 0) ?? 0))
            throw new InvalidOperationException($"{shared} tokens cannot be shared: the other sequence has not computed that many");
        Resume(sampling, new RandomKey(seed, 0), shared);
        try
        {
            Begin(TargetPages, like?.TargetPages);
            if (DraftPages is not null)
                Begin(DraftPages, like?.DraftPages);
        }
        catch
        {
            End();
            throw;
        }
        _positions = positions;

        void Begin(KvPages pages, KvPages? others)
        {
            pages.Clear();
            if (shared > 0)
                pages.Share(others!, shared);
            pages.Reserve(positions);
        }
    }

    /// <summary>Drops its text: it has no room for a step until the next one begins.</summary>
    public void End()
    {
        _positions = 0;
        TargetPages.Clear();
        DraftPages?.Clear();
    }

    /// <summary>Goes on behind that many tokens that are in its pages already.</summary>
    public void Resume(SamplingOptions sampling, RandomKey random, int committed) =>
        (Sampling, Random, Committed, DraftLags) = (sampling, random, committed, false);

    /// <summary>Takes tokens of the prompt for committed, which the next passes over nodes -n .. -1 compute.</summary>
    public void Feed(WorkQueue queue, ReadOnlySpan<int> tokens)
    {
        Committed += tokens.Length;
        Place(queue, -tokens.Length, tokens);
    }

    /// <summary>Sets the tokens of the nodes from one on: what the device knows of the sequence is then what the host knows.</summary>
    public abstract void Place(WorkQueue queue, int firstNode, ReadOnlySpan<int> tokens);

    /// <summary>Reads the tokens of the nodes from the root on.</summary>
    public abstract void Download(WorkQueue queue, Span<int> tokens);

    /// <summary>The nodes of an accepted path that the draft has computed: all but a leaf at its end.</summary>
    public ReadOnlySpan<int> Drafted(ReadOnlySpan<int> path) => Tree.ChildCount(path[^1]) > 0 ? path : path[..^1];

    /// <summary>Counts what the last verdict has committed; the device did so by itself.</summary>
    public void Advance()
    {
        Committed += Verdict.Length;
        DraftLags = DraftPages is not null && Drafted(Verdict.Path).Length < Verdict.Length;
        Random = Random with { Step = Random.Step + 1 };
    }

    public abstract void Dispose();
}
