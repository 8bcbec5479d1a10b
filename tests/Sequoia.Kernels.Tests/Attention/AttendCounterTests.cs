using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>The formulas of attend.cu's header, counted.</summary>
internal sealed class AttendCounterTests : CudaFixture
{
    private static readonly AttendShape[] Shapes =
    [
        // Decoding, and a small tree, whose queries of a head fit one tile of 16.
        Shape(TokenTree.Root, 128, 2, 8, 1104),
        Shape(TokenTree.Chains(3, 1), 128, 2, 4, 1104),
        Shape(TokenTree.Chains(3, 1), 64, 1, 4, 848),
        // Trees.
        Shape(TokenTree.Chains(4, 12), 128, 2, 4, 1104),
        Shape(TokenTree.Chains(4, 12), 64, 2, 3, 700),
        Shape(TokenTree.Chains(9, 7), 32, 1, 1, 600),
        // A prompt's chunk: longer than any tree.
        Shape(TokenTree.Chain(255), 64, 1, 1, 256),
    ];

    [TestCaseSource(nameof(Shapes))]
    public void Bytes_are_as_stated(AttendShape shape)
    {
        KernelProfile profile = Run(shape);
        var traffic = new AttendTraffic(shape);
        TestContext.Out.WriteLine($"{profile.ToTable()}partial sums are {traffic.PartialBytes / (double)traffic.PrefixBytes:P1} of keys and values");
        Assert.Multiple(() =>
        {
            Assert.That(profile.Total.GlobalBytes, Is.InRange(traffic.Requested, traffic.Requested + traffic.Tables), "asked for");
            Assert.That(profile.DistinctGlobalBytes, Is.InRange(traffic.Distinct, traffic.Distinct * 1.02), "touched");
        });
        // A split's 16 rows of sums take the place of 256 keys and values.
        if (!shape.IsTree && shape.Rows * shape.Group <= 16)
            Assert.That(traffic.PartialBytes, Is.LessThanOrEqualTo(traffic.PrefixBytes / 8));
    }

    /// <summary>What a row of a tree costs beyond the splits that it shares with the others: its own tiles and its merge.</summary>
    [Test]
    public void A_row_of_a_tree_takes_few_instructions()
    {
        // The same splits of the prefix by the same warps.
        const int Few = 50, Many = 64;
        double sum = 0, withOthers = 0;
        // The tree's first tile begins with this many keys of the prefix.
        int[] keys = [0, 15, 31, 47, 63];
        foreach (int before in keys)
        {
            KernelProfile few = Run(Rows(Few)), many = Run(Rows(Many));
            double ofRow = (Work(many) - Work(few)) / (double)(Many - Few);
            withOthers += (many.Total.WarpInstructions - few.Total.WarpInstructions) / (double)(Many - Few);
            TestContext.Out.WriteLine($"{before} keys before the tree: {ofRow:F0} warp instructions a row and key head");
            sum += ofRow;

            AttendShape Rows(int rows) => Shape(TokenTree.Chains((rows - 1) / 7, 7), 128, 1, 1, 1024 + before);
        }
        TestContext.Out.WriteLine($"on average {sum / keys.Length:F0}, with what an assembler removes {withOthers / keys.Length:F0}");
        Assert.That(sum / keys.Length, Is.LessThanOrEqualTo(1500));

        // PTX moves each value to a register of its own, loads parameters and converts addresses; an assembler needs no instruction for most of these.
        static long Work(KernelProfile profile) => profile.Total.WarpInstructions - profile.ByClass["move"] - profile.ByClass["param"] - profile.ByClass["generic"];
    }

    [TestCaseSource(nameof(Shapes))]
    public void Shared_memory_has_no_conflicts(AttendShape shape)
    {
        KernelProfile profile = Run(shape);
        Assert.That(profile.Total.SharedWavefronts, Is.LessThanOrEqualTo(1.02 * profile.Total.SharedIdealWavefronts), profile.ToTable());
    }

    /// <summary>What the test above would say of a plain layout.</summary>
    [Test]
    public void Without_the_swizzle_there_are_conflicts()
    {
        var plain = new Mutation("Plain", "swizzle.cuh", "16 * (chunk ^ (row / LINE_ROWS % TURNS))", "16 * chunk");
        KernelProfile profile = Run(Shapes[3], plain);
        Assert.That(profile.Total.SharedWavefronts, Is.GreaterThan(2 * profile.Total.SharedIdealWavefronts));
    }

    [TestCaseSource(nameof(Shapes))]
    public void Tensor_cores_do_the_work(AttendShape shape)
    {
        KernelProfile profile = Run(shape);
        double share = profile.Total.Mma * 4096.0 / profile.Total.Flops;
        TestContext.Out.WriteLine($"{share:P1} of the operations by tensor cores");
        Assert.That(share, Is.GreaterThanOrEqualTo(shape.HeadDim == 32 ? 0.85 : 0.9), profile.ToTable());
    }

    private static KernelProfile Run(AttendShape shape, Mutation? mutation = null)
    {
        using var _ = new Launching(new LaunchOptions { Counters = true });
        using KernelLaunchers kernels = TestGpu.With(mutation);
        using var problem = new AttendProblem(kernels.Of(Element.F16), shape);
        return ProblemCheck.Observe(problem.Launch).Single().Profile!;
    }

    private static AttendShape Shape(TokenTree tree, int headDim, int kvHeads, int group, int prefix) => new()
    {
        Element = Element.F16,
        HeadDim = headDim,
        KvHeads = kvHeads,
        Group = group,
        Prefix = prefix,
        Positions = prefix + tree.Size + 300,
        Tree = tree,
        Nodes = [.. Enumerable.Range(0, tree.Size)],
        Tokens = [.. Enumerable.Range(1 << 20, tree.Size)],
    };
}
