using System.Globalization;
using Sequoia.Native.Generation;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Generation;

/// <summary>A real third-party model against an independent reference: 200 greedy ids and the first logits.</summary>
public sealed class Stories260KTests
{
    private const int Bos = 1;

    [Test]
    public void First_logits_match_the_reference([ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string kernels)
    {
        using var model = new TestModel(TestModel.Stories260K, kernels);
        float[][] expected = [.. File.ReadLines(SharedData.Path("stories260K", "logits_pos0-7.txt"))
            .Select(l => l[(l.IndexOf(':', StringComparison.Ordinal) + 1)..].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(v => float.Parse(v, CultureInfo.InvariantCulture)).ToArray())];
        using var decoder = new Decoder(model.Llama, null, TokenTree.Root, 64);
        decoder.Start([Bos], new SamplingOptions(0), 0, default);
        float[] logits = new float[model.Llama.Config.VocabularySize];
        foreach (float[] row in expected)
        {
            decoder.Step();
            decoder.TargetLogits.Download(0, logits);
            Assert.That(logits.Zip(row, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1e-4f));
        }
    }

    [Test]
    public void Greedy_ids_match_the_reference([Values("none", "chain:4", "x")] string policy)
    {
        TokenTree tree = policy == "none" ? TokenTree.Root : policy == "x" ? TokenTree.FromParents([-1, 0, 0, 0, 1, 1, 2, 4,7,7]) : TokenTree.Chain(4);
        int[] expected = [.. File.ReadLines(SharedData.Path("stories260K", "greedy_200.txt")).Where(l => !l.StartsWith('#'))
            .SelectMany(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(int.Parse)];
        using var model = new TestModel(TestModel.Stories260K);
        using var decoder = new Decoder(model.Llama, tree.Size > 1 ? model.Llama : null, tree, 256);
        decoder.Start([Bos], new SamplingOptions(0), 0, default);
        List<int> ids = [];
        while (ids.Count < 200)
            ids.AddRange(decoder.Step());
        Assert.That(ids.Take(200), Is.EqualTo(expected));
    }
}
