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

    public static int[] Bits(Activations logits, int row)
    {
        float[] values = new float[logits.Columns];
        logits.Download(row, values);
        return [.. values.Select(BitConverter.SingleToInt32Bits)];
    }
}
