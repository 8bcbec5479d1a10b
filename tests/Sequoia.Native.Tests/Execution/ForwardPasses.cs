using Sequoia.Native.Execution;

namespace Sequoia.Native.Tests.Execution;

/// <summary>Forward passes of a model on any device, and the bits that come of them.</summary>
internal static class ForwardPasses
{
    public static int[] Tokens(Llama model, int count)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(model.Config.VocabularySize))];
    }

    /// <summary>The bits of the logits at every position, computed so many rows at a time.</summary>
    public static int[][] Chain(Llama model, int[] tokens, int rows)
    {
        using var session = new LlamaSession(model, rows, rows, 256);
        TokenTree chain = rows == 1 ? TokenTree.Root : TokenTree.Chain(rows - 1);
        using TreeState state = model.Backend.AllocateTree(chain, 0);
        TreeRows treeRows = TreeRows.All(chain);
        var logits = new List<int[]>();
        for (int position = 0; position < tokens.Length; position += rows)
        {
            treeRows.Count = Math.Min(rows, tokens.Length - position);
            state.Begin(tokens.AsSpan(position, treeRows.Count));
            session.Forward(state, treeRows, LogitRows.All);
            session.Cache.Length += treeRows.Count;
            logits.AddRange(Enumerable.Range(0, treeRows.Count).Select(row => Bits(session.Logits, row)));
        }
        return [.. logits];
    }

    public static void Prefill(Llama model, LlamaSession session, int[] tokens)
    {
        TokenTree chain = TokenTree.Chain(63);
        using TreeState state = model.Backend.AllocateTree(chain, 0);
        TreeRows rows = TreeRows.All(chain);
        foreach (int[] chunk in tokens.Chunk(64))
        {
            rows.Count = chunk.Length;
            state.Begin(chunk);
            session.Forward(state, rows, LogitRows.None);
            session.Cache.Length += chunk.Length;
        }
    }

    /// <summary>A tree behind a prefix: the tokens of a path along it, anything elsewhere.</summary>
    public static TreeState Place(Llama model, TokenTree tree, int prefix, ReadOnlySpan<int> tokens, ReadOnlySpan<int> path, Random random)
    {
        int vocabulary = model.Config.VocabularySize;
        int[] nodeTokens = [.. Enumerable.Range(0, tree.Size).Select(_ => random.Next(vocabulary))];
        for (int i = 0; i < path.Length; i++)
            nodeTokens[path[i]] = tokens[i];
        TreeState state = model.Backend.AllocateTree(tree, vocabulary);
        state.Begin(nodeTokens, prefix);
        return state;
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
            using var session = new LlamaSession(model, 64, 64, 256);
            Prefill(model, session, tokens[..seed]);
            using TreeState state = Place(model, tree, seed, tokens.AsSpan(seed), path, new Random(seed));
            session.Forward(state, TreeRows.All(tree), LogitRows.None);
            state.Decide(path, 0);
            model.Backend.Commit(state, null, session.Cache, null);
            session.Cache.Length += path.Length;
            using TreeState next = model.Backend.AllocateTree(TokenTree.Root, model.Config.VocabularySize);
            next.Begin([tokens[seed + path.Length]]);
            session.Forward(next, TreeRows.All(TokenTree.Root), LogitRows.All);
            Assert.That(Bits(session.Logits, 0), Is.EqualTo(expected[seed + path.Length]), $"seed {seed}");
        }
    }

    public static int[] Bits(Activations logits, int row)
    {
        float[] values = new float[logits.Columns];
        logits.Download(row, values);
        return [.. values.Select(BitConverter.SingleToInt32Bits)];
    }
}
