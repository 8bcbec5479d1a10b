using Sequoia.Native.Execution;

namespace Sequoia.Native.Benchmarks;

/// <summary>The time of one forward pass with logits, over n tokens behind a prefix.</summary>
internal static class PassTime
{
    public static double Measure(Llama model, int tokens, int prefix, int repeats)
    {
        TokenTree chain = tokens == 1 ? TokenTree.Root : TokenTree.Chain(tokens - 1);
        using var session = new LlamaSession(model, tokens, tokens, prefix + tokens);
        using TreeState state = model.Backend.AllocateTree(chain, 0);
        TreeRows rows = TreeRows.All(chain);
        session.Cache.Length = prefix;
        return MachineLimits.Median(repeats, () => session.Forward(state, rows, LogitRows.All));
    }
}
