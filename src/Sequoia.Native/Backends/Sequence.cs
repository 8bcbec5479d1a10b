using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends;

/// <summary>The role of a model in a pair: each sequence has a cache of keys and values in both.</summary>
internal enum ModelRole
{
    Target,
    Draft,
}

/// <summary>
/// One text in progress: the tree below its committed tokens, its pages of both KV caches, and its request's options. Nodes of the
/// tree count from 0, the root. Node -k is the committed token k before the root; passes over prompts compute these. Node i, of either
/// kind, is in row Committed + i of the sequence's caches.
/// </summary>
internal abstract class Sequence : IDisposable
{
    // The number requested at the beginning; pages may hold slightly more.
    private int _positions;

    protected Sequence(TokenTree tree, SpeculationMethod method, KvPages target, KvPages? draft)
    {
        (Tree, Method, TargetPages, DraftPages) = (tree, method, target, draft);
        Verdict = new Verdict(tree.Levels);
    }

    public TokenTree Tree { get; }

    /// <summary>Fixed per sequence, since children must be verified by the method that drew them.</summary>
    public SpeculationMethod Method { get; }

    public KvPages TargetPages { get; }

    /// <summary>Null without a draft.</summary>
    public KvPages? DraftPages { get; }

    public KvPages Pages(ModelRole role) => role == ModelRole.Target ? TargetPages : DraftPages!;

    public SamplingOptions Sampling { get; private set; }

    /// <summary>The key of the current step's random numbers.</summary>
    public RandomKey Random { get; private set; }

    /// <summary>Tokens before the root. The device counts them too, from <see cref="Feed"/> on and with every commit.</summary>
    public int Committed { get; private set; }

    /// <summary>Whether the sequence has room for another step; false before <see cref="Begin"/> and at the end of its context.</summary>
    public bool HasRoom => Committed + Tree.Size <= _positions;

    /// <summary>Whether the draft has not computed the last committed token: the last path ended in a leaf.</summary>
    public bool DraftLags { get; private set; }

    /// <summary>The outcome of the last verification, after <see cref="Backend.FetchVerdicts"/> has copied it to the host.</summary>
    public Verdict Verdict { get; }

    /// <summary>Begins a text without tokens; its pages hold this many positions.</summary>
    /// <param name="sampling">How its tokens are drawn.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    /// <param name="positions">The maximum number of tokens, plus the tree's rows.</param>
    /// <param name="like">A sequence with the same beginning; null if there is none.</param>
    /// <param name="shared">Tokens of the common beginning that <paramref name="like"/> has computed, in whole pages; these pages are shared.</param>
    /// <exception cref="KvCacheFullException">There are too few free pages; the sequence then has none.</exception>
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

    /// <summary>Drops the text: the sequence has no room for a step until the next text begins.</summary>
    public void End()
    {
        _positions = 0;
        TargetPages.Clear();
        DraftPages?.Clear();
    }

    /// <summary>Continues after this many tokens that are already in its pages.</summary>
    public void Resume(SamplingOptions sampling, RandomKey random, int committed) =>
        (Sampling, Random, Committed, DraftLags) = (sampling, random, committed, false);

    /// <summary>Counts tokens of the prompt as committed; the next passes over nodes -n .. -1 compute them.</summary>
    public void Feed(WorkQueue queue, ReadOnlySpan<int> tokens)
    {
        Committed += tokens.Length;
        Place(queue, -tokens.Length, tokens);
    }

    /// <summary>Sets the tokens of the nodes from one on. Host and device then have the same state of the sequence.</summary>
    public abstract void Place(WorkQueue queue, int firstNode, ReadOnlySpan<int> tokens);

    /// <summary>Reads the tokens of the nodes from the root on.</summary>
    public abstract void Download(WorkQueue queue, Span<int> tokens);

    /// <summary>The nodes of an accepted path that the draft has computed: all but a leaf at its end.</summary>
    public ReadOnlySpan<int> Drafted(ReadOnlySpan<int> path) => Tree.ChildCount(path[^1]) > 0 ? path : path[..^1];

    /// <summary>Counts the tokens that the last verdict committed; the device does so by itself.</summary>
    public void Advance()
    {
        Committed += Verdict.Length;
        DraftLags = DraftPages is not null && Drafted(Verdict.Path).Length < Verdict.Length;
        Random = Random with { Step = Random.Step + 1 };
    }

    public abstract void Dispose();
}
