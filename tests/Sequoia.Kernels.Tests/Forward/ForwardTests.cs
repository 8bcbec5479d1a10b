using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Forward;

/// <summary>The numerics contract on the device: a row's bits depend on its token path only.</summary>
internal sealed class ForwardTests : CudaFixture
{
    // Around the steps of what attention takes for sealed (16, from position 80 on), its tiles of 64, and the plain kernel's chunks of 128.
    private static readonly int[] Prefixes = [0, 1, 31, 63, 64, 78, 79, 80, 81, 95, 96, 97, 126, 127, 128, 129, 140, 143, 144, 200];

    private static IEnumerable<RandomModel.Shape> Shapes =>
    [
        new(Vocabulary: 67, Context: 256, HeadDim: 16, Type: "F16"),
        new(Vocabulary: 67, Context: 256, HeadDim: 8, Type: "BF16"),
        new(Vocabulary: 67, Context: 256, HeadDim: 32, Type: "BF16"),
        new(Vocabulary: 67, Context: 256, Heads: 8, KvHeads: 2, HeadDim: 64, Type: "F16"),
        new(Vocabulary: 67, Context: 256, Heads: 6, KvHeads: 2, HeadDim: 48, Type: "F32"),
        new(Vocabulary: 67, Context: 256, Heads: 1, KvHeads: 1, HeadDim: 136, Type: "F16"),
    ];

    [TearDown]
    public void Plain() => SoftwareDriver.Options = new LaunchOptions();

    [Test]
    public void A_path_has_the_same_bits_as_a_chain_in_any_tree_behind_any_prefix([ValueSource(nameof(Shapes))] RandomModel.Shape shape, [Values] Numerics numerics)
    {
        SoftwareDriver.Options = new LaunchOptions { Numerics = numerics, Threads = 2 };
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, shape);
        using var model = new DeviceModel(folder.Path);
        int[] tokens = ForwardPasses.Tokens(model.Llama, 240);
        int[][] expected = ForwardPasses.Chain(model.Llama, tokens, 10);
        var random = new Random(5);
        // The exact sums of tensor cores take long to compute: every third.
        foreach (int prefix in Prefixes.Where((_, i) => numerics == Numerics.Fast || i % 3 == 0))
        {
            TokenTree tree = TestTrees.Random(prefix, 1 + random.Next(40));
            using var passes = new ForwardPasses(model.Llama);
            Sequence sequence = passes.Begin(tree);
            passes.Prefill(sequence, tokens[..prefix]);
            passes.Place(sequence, tokens.AsSpan(prefix), tree.Path(random.Next(tree.Size)), random);
            passes.RunTrees(sequence);
            Compare(passes, sequence, expected, prefix, tokens);
        }
    }

    /// <summary>However many rows a pass has, and whether attention takes them at once.</summary>
    /// <param name="products">The kernel that computes the model's products on the device.</param>
    [Test]
    public void A_long_pass_has_the_bits_of_short_ones([Values("matmul", "matmul_sm90")] string products)
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, new RandomModel.Shape(Vocabulary: 67, Context: 256, HeadDim: 32, Type: "F16"));
        using var _ = new Posing(products);
        using var model = new DeviceModel(folder.Path);
        Assert.That(((CudaBackend)model.Llama.Backend).Context.Device.ComputeCapability, Is.EqualTo(KernelProblems.SoftwareCapability(products)));
        int[] tokens = ForwardPasses.Tokens(model.Llama, 240);
        Assert.That(ForwardPasses.Chain(model.Llama, tokens, 240), Is.EqualTo(ForwardPasses.Chain(model.Llama, tokens, 10)));
    }

    [Test]
    public void A_compacted_path_continues_like_a_chain()
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, new RandomModel.Shape(Vocabulary: 67, Context: 256, HeadDim: 16, Type: "F16"));
        using var model = new DeviceModel(folder.Path);
        ForwardPasses.CheckCompaction(model.Llama, seeds: 12);
    }

    [Test]
    public void Every_kernel_of_a_pass_is_clean_and_gives_the_same_bits_in_every_schedule()
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, new RandomModel.Shape(Vocabulary: 67, Context: 256, HeadDim: 16, Type: "F16"));
        using var model = new DeviceModel(folder.Path);
        int[] tokens = ForwardPasses.Tokens(model.Llama, 140);
        int[][]? expected = null;
        var findings = new List<Finding>();
        void Keep(LaunchReport report) => findings.AddRange(report.Findings);
        SoftwareDriver.Launched += Keep;
        try
        {
            foreach (LaunchOptions options in (LaunchOptions[])
            [
                new() { Checks = true },
                new() { Checks = true, Schedule = Schedule.Random, Seed = 1 },
                new() { Checks = true, Schedule = Schedule.Adversarial, Seed = 2 },
            ])
            {
                SoftwareDriver.Options = options;
                int[][] logits = ForwardPasses.Chain(model.Llama, tokens, 20);
                expected ??= logits;
                Assert.That(logits, Is.EqualTo(expected), $"{options.Schedule}");
            }
        }
        finally
        {
            SoftwareDriver.Launched -= Keep;
        }
        Assert.That(findings, Is.Empty);
    }

    /// <summary>Every node whose path has the chain's tokens must have the chain's bits.</summary>
    private static void Compare(ForwardPasses passes, Sequence sequence, int[][] expected, int prefix, int[] tokens)
    {
        TokenTree tree = sequence.Tree;
        int[] nodeTokens = new int[tree.Size];
        sequence.Download(passes.Queue, nodeTokens);
        int compared = 0;
        for (int node = 0; node < tree.Size; node++)
        {
            int[] path = tree.Path(node).ToArray();
            if (!path.Select((at, i) => nodeTokens[at] == tokens[prefix + i]).All(same => same))
                continue;
            Assert.That(passes.Bits(node), Is.EqualTo(expected[prefix + path.Length - 1]), $"prefix {prefix}, node {node}");
            compared++;
        }
        Assert.That(compared, Is.Positive);
    }
}
