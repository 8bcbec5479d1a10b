using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>The numerics contract: a row's bits depend on its token path alone.</summary>
internal sealed class AttendInvarianceTests : CudaFixture
{
    // Around tiles and splits.
    private static readonly int[] Prefixes =
        [0, 1, 15, 16, 17, 40, 62, 63, 64, 65, 78, 79, 80, 96, 100, 126, 127, 128, 129, 191, 192, 193, 240, 254, 255, 256, 257, 300, 319, 320, 383, 384, 448, 500, 511, 512, 513, 575, 576, 640];

    [TestCase(Numerics.Fast, Element.F16, 64, 2, 4, 1)]
    [TestCase(Numerics.Fast, Element.BF16, 128, 1, 3, 1)]
    [TestCase(Numerics.Fast, Element.F16, 32, 1, 16, 1)]
    [TestCase(Numerics.Fast, Element.BF16, 32, 3, 1, 1)]
    [TestCase(Numerics.Ampere, Element.F16, 32, 1, 2, 3)]
    [TestCase(Numerics.Ampere, Element.BF16, 64, 1, 1, 5)]
    [TestCase(Numerics.Hopper, Element.F16, 32, 1, 2, 3)]
    [TestCase(Numerics.Hopper, Element.BF16, 64, 1, 1, 5)]
    public void Paths_have_a_chains_bits_in_any_tree_behind_any_prefix(Numerics numerics, Element element, int headDim, int kvHeads, int group, int stride)
    {
        using var _ = new Launching(new LaunchOptions { Numerics = numerics });
        using KernelLaunchers launchers = TestGpu.With(AttendChain.LowerHalves);
        Check(new AttendChain(launchers.Of(element), headDim, kvHeads, group), Prefixes.Where((_, at) => at % stride == 0), headDim + group);
    }

    [TestCase(Element.F16, 40, 2, 2)]
    [TestCase(Element.BF16, 136, 1, 3)]
    public void Twin_has_a_chains_bits(Element element, int headDim, int kvHeads, int group) =>
        Check(new AttendChain(TestGpu.Sound.Of(element), headDim, kvHeads, group, tensorCores: false), [0, 1, 64, 100, 127, 128, 129, 256, 300], seed: 1);

    /// <summary>A prompt in chunks: rows find keys that the same pass wrote, in the order of pages.</summary>
    [TestCase(Numerics.Fast, Element.F16, 64, 2)]
    [TestCase(Numerics.Fast, Element.BF16, 128, 1)]
    [TestCase(Numerics.Ampere, Element.F16, 32, 1)]
    [TestCase(Numerics.Hopper, Element.F16, 32, 1)]
    public void Chunks_of_a_prompt_have_the_bits_of_single_rows(Numerics numerics, Element element, int headDim, int group)
    {
        using var _ = new Launching(new LaunchOptions { Numerics = numerics });
        using KernelLaunchers launchers = TestGpu.With(AttendChain.LowerHalves);
        var chain = new AttendChain(launchers.Of(element), headDim, 1, group);
        foreach ((int prefix, int count) in ((int, int)[])[(0, 360), (100, 130), (250, 9), (330, 1)])
            chain.Check(prefix, TokenTree.Chain(count), count, [.. Enumerable.Range(0, count + 1)], spare: 3);
    }

    internal static void Check(AttendChain chain, IEnumerable<int> prefixes, int seed)
    {
        var random = new Random(seed);
        foreach (int prefix in prefixes)
        {
            // Few rows and many, which are computed in tiles of different size.
            TokenTree tree = AttendTrees.Random(random, random.Next(2) == 0 ? 1 + random.Next(4) : 20 + random.Next(60));
            int leaf = random.Next(tree.Size);
            int[] nodes = [.. Enumerable.Range(0, tree.Size).Where(node => node == leaf || random.Next(8) != 0)];
            chain.Check(prefix, tree, leaf, nodes, spare: random.Next(2) * random.Next(400));
        }
    }
}
