using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>Problems of draw_children for any number of threads.</summary>
internal static class DrawCases
{
    public static DrawChildrenProblem Random(
        CudaKernels kernels, int seed, int mostRows, int block = 256, int? vocabulary = null, SpeculationMethod method = SpeculationMethod.Sequoia) =>
        new(kernels, DraftedTree.OfSeed(seed, mostRows, vocabulary, method), seed, block, vocabulary is null ? DrawChildrenProblem.PartsOf(seed) : null);

    /// <summary>One block has the row, and all of the largest are in a few threads' shares: far more candidates than there is room for, until the bound is sharpened.</summary>
    public static DrawChildrenProblem Crowded(CudaKernels kernels, int block, float temperature)
    {
        var drafted = new DraftedTree(TokenTree.Chains(32, 1), 100_000, new SamplingOptions(temperature), new RandomKey(3, 4), shuffle: 1);
        Span<float> row = drafted.Row(0);
        for (int token = 0; token < row.Length; token++)
            row[token] = token / 4 % block < 12 ? 50 : 0;
        return new(kernels, drafted, seed: 0, block, parts: 1);
    }

    /// <summary>Many rows, of which one key is wanted: in some it is hardly above the bound, or its noise is nearly the most that it can be.</summary>
    public static DrawChildrenProblem OneChild(CudaKernels kernels, int seed, float temperature)
    {
        var drafted = new DraftedTree(TokenTree.Chain(24), 9000, new SamplingOptions(temperature), new RandomKey((ulong)seed, 2), shuffle: 1);
        for (int row = 0; row < drafted.Rows; row++)
            HardRows.Fill(drafted.Row(row), LogitKind.Usual, new Random(row));
        return new(kernels, drafted, seed, block: 256, parts: 2);
    }

    /// <summary>One row, and more children than a block's groups of threads.</summary>
    public static DrawChildrenProblem ManyChildren(CudaKernels kernels, SpeculationMethod method)
    {
        var drafted = new DraftedTree(TokenTree.Chains(100, 1), 1003, new SamplingOptions(1), new RandomKey(3, 4), shuffle: 1, method);
        HardRows.Fill(drafted.Row(0), LogitKind.Usual, new Random(1));
        return new(kernels, drafted, seed: 0, block: 256, parts: 8);
    }

    /// <summary>Logits so large that noise added to them would be rounded away.</summary>
    public static DrawChildrenProblem FarFromZero(CudaKernels kernels, int rows, int block = 256) =>
        new(kernels, Filled(RandomTrees.Bush(rows, 32, new Random(5)), 1003, new SamplingOptions(1), LogitKind.LargeOffset), seed: 0, block);

    public static DraftedTree Filled(TokenTree tree, int vocabulary, SamplingOptions options, LogitKind kind)
    {
        var drafted = new DraftedTree(tree, vocabulary, options, new RandomKey(1, 2), shuffle: 1);
        for (int row = 0; row < drafted.Rows; row++)
            HardRows.Fill(drafted.Row(row), kind, new Random(row));
        return drafted;
    }
}
