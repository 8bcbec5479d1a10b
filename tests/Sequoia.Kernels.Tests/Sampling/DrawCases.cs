using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

internal static class DrawCases
{
    /// <summary>A tree with up to so many inner nodes and 32 children a node, logits of all kinds.</summary>
    public static DrawProblem Random(int seed, int mostRows, int? vocabulary = null, SpeculationMethod method = SpeculationMethod.Sequoia)
    {
        var random = new Random(seed);
        int tokens = vocabulary ?? SamplingCases.Vocabulary(random);
        var tree = RandomTrees.Bush(random.Next(1, mostRows + 1), Math.Min(32, tokens), random);
        var problem = new DrawProblem(tree, tokens, SamplingCases.Options(seed, tokens, random), new RandomKey((ulong)random.NextInt64(), (uint)random.Next()), seed, method);
        for (int row = 0; row < problem.Rows; row++)
            HardRows.Fill(problem.Logits.Row(row), HardRows.Kinds[random.Next(HardRows.Kinds.Length)], random);
        return problem;
    }

    /// <summary>All of the largest are in a few threads' shares: far more candidates than there is room for, until the bound is sharpened.</summary>
    public static DrawProblem Crowded(int vocabulary, int threads, float temperature)
    {
        var problem = new DrawProblem(TokenTree.Chains(32, 1), vocabulary, new SamplingOptions(temperature), new RandomKey(3, 4), shuffle: 1);
        Span<float> row = problem.Logits.Row(0);
        for (int token = 0; token < vocabulary; token++)
            row[token] = token / 4 % threads < 12 ? 50 : 0;
        return problem;
    }

    /// <summary>Logits so large that noise added to them would be rounded away.</summary>
    public static DrawProblem FarFromZero(int rows)
    {
        var problem = new DrawProblem(RandomTrees.Bush(rows, 32, new Random(5)), 1003, new SamplingOptions(1), new RandomKey(1, 2), shuffle: 1);
        for (int row = 0; row < rows; row++)
            HardRows.Fill(problem.Logits.Row(row), LogitKind.LargeOffset, new Random(row));
        return problem;
    }
}
