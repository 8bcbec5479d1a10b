using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>Sampling options and vocabularies at boundaries where behaviour changes.</summary>
internal static class SamplingCases
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

    /// <summary>Usually the engine's method, otherwise one of the methods for comparison.</summary>
    public static SpeculationMethod Method(Random random) => random.Next(4) switch
    {
        0 => SpeculationMethod.SpecInfer,
        1 => SpeculationMethod.TargetOnly,
        _ => SpeculationMethod.Sequoia,
    };

    /// <summary>A readable form of the options.</summary>
    public static string Describe(SamplingOptions options) => $"temperature {options.Temperature}, top-p {options.TopP}, top-k {options.TopK}";
}

/// <summary>Rows of logits of error-prone kinds.</summary>
internal enum LogitKind
{
    Usual,
    Flat,
    ManyTies,
    SignedZeros,
    OneHot,
    FewFinite,
    PeakedBeyondUnderflow,
    WideRange,
    LargeOffset,
    Descending,
    NearlyEqual,
    ExtremeMagnitudes,
}

internal static class HardRows
{
    private static readonly LogitKind[] Kinds = Enum.GetValues<LogitKind>();

    public static void Fill(Span<float> row, LogitKind kind, Random random)
    {
        for (int token = 0; token < row.Length; token++)
            row[token] = Logit(kind, token, row.Length, random);
        int special = random.Next(row.Length);
        if (kind == LogitKind.OneHot)
            row[special] = random.Next(-3, 3);
        else if (kind == LogitKind.FewFinite)
            row[special] = 1;
        else if (kind == LogitKind.PeakedBeyondUnderflow)
            row[special] = 200;
    }

    public static void FillAny(Span<float> row, Random random) => Fill(row, Kinds[random.Next(Kinds.Length)], random);

    /// <summary>Puts a NaN into one of the rows.</summary>
    public static void DamageSome(Span<float> row, Random random)
    {
        const int DamagedEvery = 60;
        if (random.Next(DamagedEvery) == 0)
            row[random.Next(row.Length)] = float.NaN;
    }

    /// <summary>Whether kernels reject a row for a NaN in it. The CPU's greedy choice ignores a NaN among numbers.</summary>
    public static bool HasNaN(ReadOnlySpan<float> row)
    {
        foreach (float logit in row)
        {
            if (float.IsNaN(logit))
                return true;
        }
        return false;
    }

    /// <summary>A draft's row that agrees with the target's to a varying degree.</summary>
    public static void FillLike(Span<float> row, ReadOnlySpan<float> other, float difference, Random random)
    {
        for (int token = 0; token < row.Length; token++)
            row[token] = other[token] + (difference * Gauss(random));
    }

    private static float Logit(LogitKind kind, int token, int vocabulary, Random random) => kind switch
    {
        LogitKind.Flat => 0.75f,
        LogitKind.ManyTies => random.Next(-2, 3),
        LogitKind.SignedZeros => random.Next(2) == 0 ? -0f : 0f,
        LogitKind.OneHot => float.NegativeInfinity,
        LogitKind.FewFinite => random.Next(Math.Max(2, vocabulary / 5)) == 0 ? random.Next(4) : float.NegativeInfinity,
        LogitKind.PeakedBeyondUnderflow => Gauss(random),
        LogitKind.WideRange => (float)((random.NextDouble() * 400) - 200),
        LogitKind.LargeOffset => 1_000_000 + (2 * Gauss(random)),
        LogitKind.Descending => -0.01f * token,
        LogitKind.NearlyEqual => 1 + (random.Next(3) * 1.1920929e-7f),
        LogitKind.ExtremeMagnitudes => random.Next(3) switch { 0 => 1e-41f, 1 => -3e37f, _ => Gauss(random) },
        _ => 3 * Gauss(random),
    };

    private static float Gauss(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}

internal static class RandomTrees
{
    /// <summary>A tree with the requested number of inner nodes, each with up to this many children.</summary>
    public static TokenTree Bush(int inner, int mostChildren, Random random)
    {
        List<int> parents = [-1];
        for (int node = 0; node < inner; node++)
            parents.AddRange(Enumerable.Repeat(node, random.Next(1, mostChildren + 1)));
        return TokenTree.FromParents([.. parents]);
    }

    /// <summary>Each node's parent is a random earlier node with room.</summary>
    public static TokenTree Some(int size, int mostChildren, Random random)
    {
        int[] parents = new int[size], children = new int[size];
        parents[0] = -1;
        for (int node = 1; node < size; node++)
        {
            do
                parents[node] = random.Next(node);
            while (children[parents[node]] == mostChildren);
            children[parents[node]]++;
        }
        return TokenTree.FromParents(parents);
    }
}
