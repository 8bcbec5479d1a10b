using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;

namespace Sequoia.Testing;

/// <summary>Sequences that decode together, on any device, beside each of them alone: the same tokens and the same logits in every bit.</summary>
internal static class BatchChecks
{
    private const int Context = 240;

    /// <summary>Prompts, trees and seeds differ; some trees are lone roots.</summary>
    public static void CheckTogether(Llama target, Llama draft, int count, float temperature, int steps)
    {
        Text[] texts = [.. Enumerable.Range(0, count).Select(i => Text.Random(target, i))];
        using var together = new Decoder(target, draft, [.. texts.Select(text => text.Tree)], Context);
        for (int i = 0; i < count; i++)
            texts[i].Start(together, i, temperature);
        List<int[]>[] found = Run(together, steps);
        for (int i = 0; i < count; i++)
        {
            using var alone = new Decoder(target, draft, texts[i].Tree, Context);
            texts[i].Start(alone, 0, temperature);
            Assert.That(found[i], Is.EqualTo(Run(alone, steps)[0]), $"sequence {i} of {count}, tree of {texts[i].Tree.Size}");
        }
    }

    /// <summary>A sequence that begins like another one, with as many tokens in common as asked for, beside itself without sharing.</summary>
    public static void CheckSharedPages(Llama target, Llama draft, IEnumerable<int> prefixes, float temperature, int steps)
    {
        TokenTree tree = TestTrees.Random(3, 12);
        using var alone = new Decoder(target, draft, tree, Context);
        using var together = new Decoder(target, draft, [TestTrees.Random(8, 9), tree], Context);
        KvPool pool = together.Sequences[0].TargetPages.Pool;
        Text first = Text.Random(target, 11) with { Prompt = ForwardTokens(target, 150, 11) };
        foreach (int prefix in prefixes)
        {
            Text second = Text.Random(target, prefix + 20) with { Prompt = [.. first.Prompt[..prefix], .. ForwardTokens(target, 7, prefix + 20)], Tree = tree };
            // The first one has already generated: its own rows are behind what is shared.
            first.Start(together, 0, temperature);
            second.Start(together, 1, temperature);
            _ = Run(together, 2);
            int free = pool.FreePages, whole = prefix / KvPool.PageSize;
            second.Start(together, 1, temperature, like: 0, shared: prefix);
            Assert.That(pool.FreePages - free, Is.EqualTo(whole), $"prefix {prefix}: whole pages are shared");
            Assert.That(together.Sequences[1].TargetPages.Pages[..whole].ToArray(), Is.EqualTo(together.Sequences[0].TargetPages.Pages[..whole].ToArray()));
            // The lender begins anew: the borrower keeps the pages.
            first.Start(together, 0, temperature);
            second.Start(alone, 0, temperature);
            Assert.That(Run(together, steps)[1], Is.EqualTo(Run(alone, steps)[0]), $"prefix {prefix}");
        }
    }

    private static int[] ForwardTokens(Llama model, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(model.Config.VocabularySize))];
    }

    /// <summary>For each sequence what its steps gave: tokens, and behind them the bits of the target's logits along the accepted path.</summary>
    private static List<int[]>[] Run(Decoder decoder, int steps)
    {
        List<int[]>[] found = [.. decoder.Sequences.Select(_ => new List<int[]>())];
        float[] logits = new float[decoder.Vocabulary];
        for (int step = 0; step < steps; step++)
        {
            decoder.Step();
            for (int i = 0; i < found.Length; i++)
            {
                Verdict verdict = decoder.Sequences[i].Verdict;
                found[i].Add(verdict.Tokens.ToArray());
                foreach (int node in verdict.Path)
                {
                    decoder.DownloadLogits(i, node, logits);
                    found[i].Add([.. logits.Select(BitConverter.SingleToInt32Bits)]);
                }
            }
        }
        return found;
    }

    private sealed record Text(int[] Prompt, TokenTree Tree, ulong Seed)
    {
        public static Text Random(Llama model, int seed)
        {
            var random = new Random(seed);
            TokenTree tree = seed % 4 == 2 ? TokenTree.Root : TestTrees.Random(seed, random.Next(2, 20));
            return new Text(ForwardTokens(model, random.Next(1, 110), seed), tree, (ulong)seed);
        }

        public void Start(Decoder decoder, int index, float temperature, int? like = null, int shared = 0) =>
            decoder.Start(index, Prompt, temperature == 0 ? new SamplingOptions(0) : new SamplingOptions(temperature, 0.95f), Seed, default, like, shared);
    }
}
