using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Sampling;

namespace Sequoia.Testing;

/// <summary>A model at work on sequences of its own, on any device, pass by pass.</summary>
internal sealed class ForwardPasses : IDisposable
{
    /// <summary>Tokens of a prompt that go through the model at once.</summary>
    public const int Chunk = 64;

    public const int Positions = 256;

    private readonly Parts _parts = new();
    private readonly Pass _prompt;

    /// <param name="model">The model.</param>
    /// <param name="rows">The most rows of a pass.</param>
    /// <param name="sequences">The most sequences.</param>
    public ForwardPasses(Llama model, int rows = Chunk, int sequences = 1)
    {
        Model = model;
        Queue = _parts.Own(model.Backend.CreateQueue());
        KvPool pool = _parts.Own(model.Backend.CreatePool(model.Config, sequences * KvPool.PagesFor(Positions)));
        Forward = _parts.Own(new ForwardPass(model, pool, new WorkspaceSize(rows, rows, Positions, 16)));
        _prompt = _parts.Own(model.Backend.CreatePass(model, ModelRole.Target, rows, 1));
    }

    public Llama Model { get; }

    public WorkQueue Queue { get; }

    public ForwardPass Forward { get; }

    public static int[] Tokens(Llama model, int count)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(model.Config.VocabularySize))];
    }

    /// <summary>A sequence without tokens.</summary>
    public Sequence Begin(TokenTree tree, Sequence? like = null, int shared = 0)
    {
        KvPages pages = _parts.Own(new KvPages(Forward.Pool, Positions));
        Sequence sequence = _parts.Own(Model.Backend.CreateSequence(tree, SpeculationMethod.Sequoia, Model.Config.VocabularySize, Math.Max(Chunk, Positions), pages, null));
        sequence.Begin(new SamplingOptions(0), 0, Positions, like, shared);
        return sequence;
    }

    /// <summary>The bits of the logits at every position, computed so many rows at a time.</summary>
    public static int[][] Chain(Llama model, int[] tokens, int rows)
    {
        using var passes = new ForwardPasses(model, rows);
        Sequence sequence = passes.Begin(TokenTree.Root);
        var logits = new List<int[]>();
        foreach (int[] chunk in tokens.Chunk(rows))
        {
            passes.Feed(sequence, chunk, chunk.Length);
            logits.AddRange(Enumerable.Range(0, chunk.Length).Select(passes.Bits));
        }
        return [.. logits];
    }

    public void Prefill(Sequence sequence, int[] tokens)
    {
        foreach (int[] chunk in tokens.Chunk(Chunk))
            Feed(sequence, chunk, 0);
    }

    /// <summary>Places a tree behind what is committed: the tokens of a path along it, anything elsewhere.</summary>
    public void Place(Sequence sequence, ReadOnlySpan<int> tokens, ReadOnlySpan<int> path, Random random)
    {
        int[] ofNodes = [.. Enumerable.Range(0, sequence.Tree.Size).Select(_ => random.Next(Model.Config.VocabularySize))];
        for (int i = 0; i < path.Length; i++)
            ofNodes[path[i]] = tokens[i];
        sequence.Place(Queue, 0, ofNodes);
    }

    /// <summary>Computes the whole trees of some sequences in one pass, with logits.</summary>
    public Pass RunTrees(params ReadOnlySpan<Sequence> sequences)
    {
        int rows = 0;
        foreach (Sequence sequence in sequences)
            rows += sequence.Tree.Size;
        Pass pass = _parts.Own(Model.Backend.CreatePass(Model, ModelRole.Target, rows, sequences.Length, sequences[0].Tree.Levels));
        foreach (Sequence sequence in sequences)
            pass.Add(sequence, [.. Enumerable.Range(0, sequence.Tree.Size)]);
        pass.Complete(Queue, rows);
        Forward.Run(Queue, pass);
        return pass;
    }

    public int[] Bits(int row)
    {
        float[] values = new float[Forward.Logits.Columns];
        Forward.Logits.Download(Queue, row, values);
        return [.. values.Select(BitConverter.SingleToInt32Bits)];
    }

    /// <summary>Commits a path of a random tree behind as many tokens as the seed says; the next token must have a chain's bits.</summary>
    public static void CheckCompaction(Llama model, int seeds)
    {
        int[] tokens = Tokens(model, 60);
        int[][] expected = Chain(model, tokens, 10);
        for (int seed = 0; seed < seeds; seed++)
        {
            TokenTree tree = TestTrees.Random(seed, 24);
            int[] path = tree.Path(tree.Size - 1 - (seed % 8)).ToArray();
            using var passes = new ForwardPasses(model);
            Sequence sequence = passes.Begin(tree);
            passes.Prefill(sequence, tokens[..seed]);
            passes.Place(sequence, tokens.AsSpan(seed), path, new Random(seed));
            Pass pass = passes.RunTrees(sequence);
            pass.Decide(passes.Queue, 0, path, tokens[seed + path.Length]);
            model.Backend.Commit(passes.Queue, pass, passes.Forward.Pool, null);
            sequence.Advance();
            passes.RunTrees(sequence);
            Assert.That(passes.Bits(0), Is.EqualTo(expected[seed + path.Length]), $"seed {seed}");
        }
    }

    public void Dispose() => _parts.Dispose();

    private void Feed(Sequence sequence, int[] tokens, int logitRows)
    {
        sequence.Feed(Queue, tokens);
        _prompt.Clear();
        _prompt.Add(sequence, [.. Enumerable.Range(-tokens.Length, tokens.Length)]);
        _prompt.Complete(Queue, logitRows);
        Forward.Run(Queue, _prompt);
    }
}
