using Sequoia.Native.Backends;

namespace Sequoia.Native.Tests.Backends;

/// <summary>The numerics contract: a row's bits depend on its token path only, and are the same on every kernel table.</summary>
public sealed class BatchInvarianceTests
{
    private const int Length = 64;

    private static IEnumerable<string> Models => ["F32", "F16", "BF16", "three heads of 48 to a group", "heads of 32 with their own keys", "stories260K"];

    [TestCaseSource(nameof(Models))]
    public void Rows_do_not_depend_on_their_number_or_on_threads_or_on_the_kernel_table(string name)
    {
        using var folder = new TemporaryFolder();
        string path = Model(folder, name);
        int[][]? expected = null;
        foreach (string kernels in TestModel.KernelTables)
        {
            foreach (int threads in (int[])[1, 2])
            {
                using var model = new TestModel(path, kernels, threads);
                foreach (int rows in (int[])[1, 2, 7, 16, 64])
                {
                    int[][] logits = ForwardPasses.Chain(model.Llama, ForwardPasses.Tokens(model.Llama, Length), rows);
                    expected ??= logits;
                    for (int position = 0; position < Length; position++)
                        Assert.That(logits[position], Is.EqualTo(expected[position]), $"{kernels}, {threads} threads, {rows} rows, position {position}");
                }
            }
        }
    }

    [Test]
    public void A_path_has_the_same_bits_as_a_chain_and_scattered_through_trees(
        [ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string kernels,
        [Values("BF16", "three heads of 48 to a group", "heads of 32 with their own keys")] string name)
    {
        using var folder = new TemporaryFolder();
        using var model = new TestModel(Model(folder, name), kernels);
        int[] tokens = ForwardPasses.Tokens(model.Llama, 180);
        int[][] expected = ForwardPasses.Chain(model.Llama, tokens, 10);
        var random = new Random(5);
        for (int prefix = 0; prefix <= 130; prefix++)
        {
            TokenTree tree = TestTrees.Random(prefix, 1 + random.Next(40));
            int leaf = random.Next(tree.Size);
            using var passes = new ForwardPasses(model.Llama);
            Sequence sequence = passes.Begin(tree);
            passes.Prefill(sequence, tokens[..prefix]);
            int[] path = tree.Path(leaf).ToArray();
            passes.Place(sequence, tokens.AsSpan(prefix), path, random);
            passes.RunTrees(sequence);
            for (int i = 0; i < path.Length; i++)
                Assert.That(passes.Bits(path[i]), Is.EqualTo(expected[prefix + i]), $"prefix {prefix}, node {path[i]}");
        }
    }

    [Test]
    public void A_compacted_path_continues_like_a_chain()
    {
        using var folder = new TemporaryFolder();
        using var model = new TestModel(Model(folder, "F32"));
        ForwardPasses.CheckCompaction(model.Llama, seeds: 30);
    }

    private static string Model(TemporaryFolder folder, string name)
    {
        if (name == "stories260K")
            return TestModel.Stories260K;
        // Odd sizes: tails in every kernel, a vocabulary that is no multiple of four.
        var shape = new RandomModel.Shape(Vocabulary: 67, Context: 256);
        RandomModel.Write(folder.Path, name switch
        {
            "three heads of 48 to a group" => shape with { Heads = 6, KvHeads = 2, HeadDim = 48, Type = "BF16" },
            "heads of 32 with their own keys" => shape with { Heads = 3, KvHeads = 3, HeadDim = 32, Type = "BF16" },
            _ => shape with { Type = name },
        });
        return folder.Path;
    }
}
