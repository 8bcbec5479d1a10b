using System.Globalization;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Engine;

/// <summary>A real third-party model against an independent reference: 200 greedy ids and the first logits.</summary>
public sealed class Stories260KTests
{
    private const int Bos = 1;

    public static IEnumerable<TestCaseData> Trees()
    {
        foreach (string policy in (string[])["none", "chain:4", "chains:4x4", "optimal:32"])
            yield return new TestCaseData(TreePolicy.Parse(policy).Resolve(TestTrees.Acceptance)).SetArgDisplayNames(policy);
        for (int seed = 1; seed <= 3; seed++)
            yield return new TestCaseData(TestTrees.Random(seed, 20 * seed)).SetArgDisplayNames($"random {seed}");
    }

    [Test]
    public void First_logits_match_the_reference([ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string kernels)
    {
        using var model = new TestModel(TestModel.Stories260K, kernels);
        float[][] expected = [.. File.ReadLines(SharedData.Path("stories260K", "logits_pos0-7.txt"))
            .Select(line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(values => values.Select(v => float.Parse(v, CultureInfo.InvariantCulture)).ToArray())];
        using var decoder = new Decoder(model.Llama, null, TokenTree.Root, 64);
        decoder.Start([Bos], new SamplingOptions(0), 0, default);
        float[] logits = new float[model.Llama.Config.VocabularySize];
        foreach (float[] row in expected)
        {
            decoder.Step();
            decoder.DownloadLogits(0, 0, logits);
            Assert.That(logits.Zip(row, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1e-4f));
        }
    }

    [TestCaseSource(nameof(Trees))]
    public void Greedy_ids_match_the_reference(TokenTree tree)
    {
        using var model = new TestModel(TestModel.Stories260K);
        Assert.That(Greedy(model, model, tree), Is.EqualTo(Expected()));
    }

    [TestCaseSource(nameof(Trees))]
    public void Greedy_ids_match_the_reference_with_another_draft(TokenTree tree)
    {
        using var model = new TestModel(TestModel.Stories260K);
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, new RandomModel.Shape(Vocabulary: 512, Layers: 1, Context: 512));
        using var draft = new TestModel(folder.Path);
        Assert.That(Greedy(model, draft, tree), Is.EqualTo(Expected()));
    }

    private static int[] Expected() => [.. File.ReadLines(SharedData.Path("stories260K", "greedy_200.txt")).Where(line => !line.StartsWith('#'))
        .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    private static List<int> Greedy(TestModel target, TestModel draft, TokenTree tree)
    {
        using var decoder = new Decoder(target.Llama, tree.Size > 1 ? draft.Llama : null, tree, 256);
        decoder.Start([Bos], new SamplingOptions(0), 0, default);
        List<int> ids = [];
        while (ids.Count < 200)
            ids.AddRange(decoder.Step());
        return ids[..200];
    }
}
