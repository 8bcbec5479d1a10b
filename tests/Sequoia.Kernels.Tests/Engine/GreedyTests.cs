using Sequoia.Kernels.Tests.Forward;
using Sequoia.Native;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>The engine on the software GPU, as Llama's reference tells the story and as each generation of tensor cores sums.</summary>
internal sealed class GreedyTests : CudaFixture
{
    [TearDown]
    public void Plain() => SoftwareDriver.Options = new LaunchOptions();

    // F16 keeps the 200 ids: the smallest gap between the two largest logits on the way is 0.0026.
    [Test]
    public void Stories260K_tells_the_reference_ids_with_and_without_trees([Values] Numerics numerics, [Values("none", "chains:3x3", "random")] string tree)
    {
        SoftwareDriver.Options = new LaunchOptions { Numerics = numerics, Threads = 2 };
        using var target = new DeviceModel(SharedData.Path("stories260K", "hf"));
        using var draft = new DeviceModel(SharedData.Path("stories260K", "hf"));
        TokenTree shape = tree == "random" ? TestTrees.Random(4, 20) : TreePolicy.Parse(tree).Resolve(null);
        using var decoder = new Decoder(target.Llama, shape.Size > 1 ? draft.Llama : null, shape, 256);
        decoder.Start([target.Llama.Config.BosId!.Value], new SamplingOptions(0), 0, default);
        List<int> ids = [];
        while (ids.Count < 200)
            ids.AddRange(decoder.Step());
        int[] expected = [.. File.ReadLines(SharedData.Path("stories260K", "greedy_200.txt")).Where(line => !line.StartsWith('#'))
            .SelectMany(line => line.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)).Select(int.Parse)];
        Assert.That(ids.Take(200), Is.EqualTo(expected));
        Assert.That(decoder.Steps, tree == "none" ? Is.EqualTo(200) : Is.LessThan(120));
    }

    /// <summary>The bundled pair has heads of 32 dimensions: attention runs on tensor cores too.</summary>
    [Test]
    public void The_bundled_pair_says_the_same_bit_for_bit_with_any_tree([Values] Numerics numerics)
    {
        SoftwareDriver.Options = new LaunchOptions { Numerics = numerics, Threads = 2 };
        using var target = new DeviceModel(Folder("target"));
        using var draft = new DeviceModel(Folder("draft"));
        Tokenizer tokenizer = Tokenizer.Load(Folder("target"));
        int[] prompt = [tokenizer.BosId!.Value, .. tokenizer.Encode("Once upon a time, there was a little girl named Lily who loved to play. One day, she")];
        int tokens = numerics == Numerics.Fast ? 120 : 16;
        (List<int> Tokens, List<ulong> Bits) plain = Greedy(target, null, TokenTree.Root, prompt, tokens);
        foreach (TokenTree tree in (TokenTree[])[TokenTree.Chain(3), TokenTree.Chains(3, 2), TestTrees.Random(9, 24)])
        {
            (List<int> Tokens, List<ulong> Bits) speculative = Greedy(target, draft, tree, prompt, tokens);
            Assert.That(speculative.Tokens, Is.EqualTo(plain.Tokens));
            Assert.That(speculative.Bits, Is.EqualTo(plain.Bits));
        }
    }

    private static string Folder(string part) => Path.Combine(Repository.Root, "models", part);

    /// <summary>The tokens, and for each a hash of the logits it was chosen from.</summary>
    private static (List<int> Tokens, List<ulong> Bits) Greedy(DeviceModel target, DeviceModel? draft, TokenTree tree, int[] prompt, int count)
    {
        using var decoder = new Decoder(target.Llama, draft?.Llama, tree, 256);
        decoder.Start(prompt, new SamplingOptions(0), 0, default);
        List<int> tokens = [];
        List<ulong> bits = [];
        float[] logits = new float[decoder.Vocabulary];
        while (tokens.Count < count)
        {
            tokens.AddRange(decoder.Step());
            foreach (int node in decoder.Verdict.Path)
            {
                decoder.DownloadLogits(0, node, logits);
                bits.Add(logits.Aggregate(14695981039346656037UL, (hash, value) => (hash ^ BitConverter.SingleToUInt32Bits(value)) * 1099511628211));
            }
        }
        return (tokens[..count], bits[..count]);
    }
}
