using Sequoia.Kernels.Tests.Forward;
using Sequoia.Kernels.Tests.Linear;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.Native.Models;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>Sequences that decode together on the device: what each says, and how often a weight is read.</summary>
[NonParallelizable]
internal sealed class BatchTests : CudaFixture
{
    private static readonly RandomModel.Shape Shape = new(Vocabulary: 67, Context: 512, Heads: 4, KvHeads: 2, HeadDim: 32, Type: "F16");

    [TearDown]
    public void Plain() => SoftwareDriver.Options = new LaunchOptions();

    [Test]
    public void Sequences_together_say_what_each_says_alone([Values(1, 2, 3, 8)] int count, [Values(0f, 0.9f)] float temperature)
    {
        using var pair = new DevicePair(Shape);
        BatchChecks.CheckTogether(pair.Target, pair.Draft, count, temperature, steps: 6);
    }

    /// <summary>Heads without tensor-core kernels.</summary>
    [Test]
    public void Sequences_together_say_what_each_says_alone_with_scalar_attention([Values(0f, 0.9f)] float temperature)
    {
        using var pair = new DevicePair(Shape with { HeadDim = 48, Type = "BF16" });
        BatchChecks.CheckTogether(pair.Target, pair.Draft, 3, temperature, steps: 6);
    }

    [Test]
    public void Sequences_that_share_pages_say_what_they_say_without_sharing([Values(0f, 0.9f)] float temperature)
    {
        using var pair = new DevicePair(Shape);
        BatchChecks.CheckSharedPages(pair.Target, pair.Draft, Enumerable.Range(0, 131).Where(prefix => temperature == 0 || prefix % 8 is 0 or 1 or 7), temperature, steps: 2);
    }

    /// <summary>Products ask for each weight once, whatever sequences their up to 64 rows are of; each row of x is asked for once for 64 outputs.</summary>
    [Test]
    public void A_weight_is_read_once_for_64_rows_of_several_sequences()
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, Shape with { Layers = 1, Hidden = 96, Intermediate = 136 });
        using var model = new DeviceModel(folder.Path);
        LlamaConfig config = model.Llama.Config;
        TokenTree[] trees = [TestTrees.Random(1, 30), TestTrees.Random(2, 21), TokenTree.Root, TestTrees.Random(3, 12)];
        int rows = trees.Sum(tree => tree.Size);
        Assert.That(rows, Is.EqualTo(64));
        using var passes = new ForwardPasses(model.Llama, rows, trees.Length);
        Sequence[] sequences = [.. trees.Select(tree => passes.Begin(tree))];
        foreach (Sequence sequence in sequences)
            passes.Place(sequence, [], [], new Random(1));
        var asked = new Dictionary<string, long>();
        void Count(LaunchReport report) => asked[report.Profile!.Kernel] = asked.GetValueOrDefault(report.Profile.Kernel) + report.Profile.Total.GlobalBytes;
        SoftwareDriver.Options = new LaunchOptions { Counters = true };
        SoftwareDriver.Launched += Count;
        try
        {
            passes.RunTrees(sequences);
            model.Llama.Backend.Wait(passes.Queue);
        }
        finally
        {
            SoftwareDriver.Launched -= Count;
        }
        int ofHeads = config.Heads * config.HeadDim;
        Assert.Multiple(() =>
        {
            // Each weight once, and rows of x once for 128 stored rows.
            Assert.That(asked["matmul"], Is.EqualTo(Bytes(Product(MatMulKind.Plain, config.VocabularySize, config.HiddenSize))));
            Assert.That(asked["matmul_rope"], Is.EqualTo(Bytes(MatMulCase.Rope(Element.F16, rows, config.Heads, config.KvHeads, config.HeadDim, config.HiddenSize, 1))));
            Assert.That(asked["matmul_silu_mul"], Is.EqualTo(Bytes(Product(MatMulKind.SiluMul, 2 * config.IntermediateSize, config.HiddenSize))));
            Assert.That(asked["matmul_add"], Is.EqualTo(
                Bytes(Product(MatMulKind.Add, config.HiddenSize, ofHeads)) + Bytes(Product(MatMulKind.Add, config.HiddenSize, config.IntermediateSize))));
        });

        MatMulCase Product(MatMulKind kind, int outputs, int columns) => new(kind, Element.F16, rows, outputs, columns, 1);

        static long Bytes(MatMulCase product) => MatMulTraffic.Of(product, new MatMulGrid(product.Shape, product.Rows, 1));
    }
}
