using Sequoia.Native;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

internal static class DrawCases
{
    private static readonly float[] Temperatures = [0, 0.1f, 0.6f, 1, 1.5f, 100];
    private static readonly float[] TopPs = [1, 1, 0.9f, 0.5f, 0.01f, 1e-20f];
    private static readonly int[] Vocabularies = [4, 5, 7, 32, 61, 64, 65, 127, 129, 512, 1003, 2049];

    /// <summary>Sampling options of every kind, by number.</summary>
    public static SamplingOptions Options(int seed, int vocabulary, Random random)
    {
        int[] topKs = [0, 0, 1, 5, 50, vocabulary, vocabulary + 3];
        return new SamplingOptions(Temperatures[seed % Temperatures.Length], TopPs[random.Next(TopPs.Length)], topKs[random.Next(topKs.Length)]);
    }

    public static int Vocabulary(Random random) => Vocabularies[random.Next(Vocabularies.Length)];

    /// <summary>A tree with up to so many inner nodes and 32 children a node, logits of all kinds.</summary>
    public static DrawProblem Random(int seed, int mostRows, int? vocabulary = null, SpeculationMethod method = SpeculationMethod.Sequoia)
    {
        var random = new Random(seed);
        int tokens = vocabulary ?? Vocabulary(random);
        var tree = RandomTrees.Bush(random.Next(1, mostRows + 1), Math.Min(32, tokens), random);
        var problem = new DrawProblem(tree, tokens, Options(seed, tokens, random), new RandomKey((ulong)random.NextInt64(), (uint)random.Next()), seed, method);
        for (int row = 0; row < problem.Rows; row++)
            LogitRows.Fill(problem.Logits.Row(row), LogitRows.Kinds[random.Next(LogitRows.Kinds.Length)], random);
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
            LogitRows.Fill(problem.Logits.Row(row), LogitKind.LargeOffset, new Random(row));
        return problem;
    }
}
