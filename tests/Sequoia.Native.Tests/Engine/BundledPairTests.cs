using System.Text.Json;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Engine;

/// <summary>The pair that comes with the product: greedy text with trees equals greedy text without, in every bit of its logits.</summary>
public sealed class BundledPairTests
{
    private const int Tokens = 200;

    private List<(int[] Prompt, List<int> Tokens, List<ulong> Bits)> _plain = null!;

    /// <summary>What every tree is compared with.</summary>
    [OneTimeSetUp]
    public void DecodeWithoutTrees()
    {
        using LanguageModel target = LanguageModel.Load(Folder("target"));
        using ModelLease large = target.Lease();
        using var plain = new Decoder(large.Llama, null, TokenTree.Root, 320);
        _plain = [.. Prompts().Take(50).Select(prompt =>
        {
            int[] ids = [target.BosId!.Value, .. target.Tokenizer.Encode(prompt)];
            (List<int> tokens, List<ulong> bits) = Greedy(plain, ids);
            return (ids, tokens, bits);
        })];
    }

    [Test]
    public void Greedy_with_a_tree_equals_greedy_without_token_for_token_and_bit_for_bit([Values("auto", "chain:3", "chains:3x2", "random")] string tree)
    {
        using LanguageModel target = LanguageModel.Load(Folder("target"));
        using LanguageModel draft = LanguageModel.Load(Folder("draft"));
        TokenTree shape = tree == "random" ? TestTrees.Random(9, 24) : TreePolicy.Parse(tree).Resolve(AcceptanceVector.Load(Path.Combine(Folder("draft"), "acceptance.json")));
        using ModelLease large = target.Lease(), small = draft.Lease();
        using var speculative = new Decoder(large.Llama, small.Llama, shape, 320);
        long steps = 0;
        foreach ((int[] prompt, List<int> expected, List<ulong> expectedBits) in _plain)
        {
            (List<int> tokens, List<ulong> bits) = Greedy(speculative, prompt);
            Assert.That(tokens, Is.EqualTo(expected), target.Tokenizer.Decode(prompt));
            Assert.That(bits, Is.EqualTo(expectedBits), target.Tokenizer.Decode(prompt));
            steps += speculative.Steps;
        }
        Assert.That(steps, Is.LessThan(50 * Tokens * 0.8), "a draft that is hardly ever right would make this test empty");
    }

    /// <summary>The tokens, and for each a hash of the logits it was chosen from.</summary>
    private static (List<int> Tokens, List<ulong> Bits) Greedy(Decoder decoder, int[] prompt)
    {
        List<int> tokens = [];
        List<ulong> bits = [];
        float[] logits = new float[decoder.Vocabulary];
        decoder.Start(prompt, new SamplingOptions(0), 0, default);
        while (tokens.Count < Tokens)
        {
            tokens.AddRange(decoder.Step());
            foreach (int node in decoder.Verdict.Path)
            {
                decoder.DownloadLogits(0, node, logits);
                bits.Add(Hash(logits));
            }
        }
        return (tokens[..Tokens], bits[..Tokens]);
    }

    private static ulong Hash(float[] values)
    {
        ulong hash = 14695981039346656037;
        foreach (float value in values)
            hash = (hash ^ BitConverter.SingleToUInt32Bits(value)) * 1099511628211;
        return hash;
    }

    private static IEnumerable<string> Prompts() => File.ReadLines(Path.Combine(Repository.Root, "models", "prompts.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("prompt").GetString()!);

    private static string Folder(string name) => Path.Combine(Repository.Root, "models", name);
}
