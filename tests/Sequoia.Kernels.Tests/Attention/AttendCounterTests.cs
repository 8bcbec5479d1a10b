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
        // A prompt's chunk.
        Shape(TokenTree.Chain(255), 64, 1, 1, 256),
    ];

    [TestCaseSource(nameof(Shapes))]
    public void Bytes_are_as_stated(AttendShape shape)
    {
        (KernelProfile sealedKeys, KernelProfile tail) = Run(shape);
        var traffic = new AttendTraffic(shape);
        TestContext.Out.WriteLine($"{sealedKeys.ToTable()}{tail.ToTable()}partial sums are {traffic.PartialBytes / (double)traffic.SealedBytes:P1} of sealed keys and values");
        Assert.Multiple(() =>
        {
            Assert.That(sealedKeys.Total.GlobalBytes, Is.EqualTo(traffic.SealedRequested), "asked for by attend_sealed");
            Assert.That(tail.Total.GlobalBytes, Is.EqualTo(traffic.TailRequested), "asked for by attend");
            Assert.That(sealedKeys.DistinctGlobalBytes, Is.InRange(traffic.SealedDistinct, traffic.SealedDistinct * 1.02), "touched by attend_sealed");
            Assert.That(tail.DistinctGlobalBytes, Is.InRange(traffic.TailDistinct, traffic.TailDistinct * 1.02), "touched by attend");
        });
        // A split's 16 rows of sums take the place of 256 keys and values.
        if (shape.Rows * shape.Group <= 16)
            Assert.That(traffic.PartialBytes, Is.LessThanOrEqualTo(traffic.SealedBytes / 4));
    }

    [TestCaseSource(nameof(Shapes))]
    public void Shared_memory_has_no_conflicts(AttendShape shape)
    {
        (KernelProfile sealedKeys, KernelProfile tail) = Run(shape);
        Assert.Multiple(() =>
        {
            foreach (KernelProfile profile in (KernelProfile[])[sealedKeys, tail])
                Assert.That(profile.Total.SharedWavefronts, Is.LessThanOrEqualTo(1.02 * profile.Total.SharedIdealWavefronts), profile.ToTable());
        });
    }

    /// <summary>What the test above would say of a plain layout.</summary>
    [Test]
    public void Without_the_swizzle_there_are_conflicts()
    {
        var plain = new Mutation("Plain", "swizzle.cuh", "16 * (chunk ^ (row / LINE_ROWS % TURNS))", "16 * chunk");
        (KernelProfile sealedKeys, KernelProfile tail) = Run(Shapes[3], plain);
        Assert.That(sealedKeys.Total.SharedWavefronts, Is.GreaterThan(2 * sealedKeys.Total.SharedIdealWavefronts));
        Assert.That(tail.Total.SharedWavefronts, Is.GreaterThan(1.1 * tail.Total.SharedIdealWavefronts));
    }

    [TestCaseSource(nameof(Shapes))]
    public void Tensor_cores_do_the_work(AttendShape shape)
    {
        KernelProfile profile = Run(shape).Sealed;
        double share = profile.Total.Mma * 4096.0 / profile.Total.Flops;
        TestContext.Out.WriteLine($"{share:P1} of the operations by tensor cores");
        Assert.That(share, Is.GreaterThanOrEqualTo(shape.HeadDim == 32 ? 0.9 : 0.95), profile.ToTable());
    }

    private static (KernelProfile Sealed, KernelProfile Tail) Run(AttendShape shape, Mutation? mutation = null)
    {
        using var _ = new Launching(new LaunchOptions { Counters = true });
        using KernelLaunchers kernels = TestGpu.With(mutation);
        using var problem = new AttendProblem(kernels.Of(Element.F16), shape);
        List<LaunchReport> reports = ProblemCheck.Observe(problem.Launch);
        return (reports[0].Profile!, reports[1].Profile!);
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
