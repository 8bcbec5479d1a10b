using Sequoia.Native.Sampling;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Sampling options and vocabularies around which something changes.</summary>
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

    /// <summary>The engine's method as a rule, and those that it is compared with.</summary>
    public static SpeculationMethod Method(Random random) => random.Next(4) switch
    {
        0 => SpeculationMethod.SpecInfer,
        1 => SpeculationMethod.TargetOnly,
        _ => SpeculationMethod.Sequoia,
    };

    /// <summary>A row of any kind; one in some has a NaN.</summary>
    public static void Fill(Span<float> row, Random random)
    {
        HardRows.Fill(row, HardRows.Kinds[random.Next(HardRows.Kinds.Length)], random);
        const int DamagedEvery = 60;
        if (random.Next(DamagedEvery) == 0)
            row[random.Next(row.Length)] = float.NaN;
    }

    /// <summary>Options, for people to read.</summary>
    public static string Describe(SamplingOptions options) => $"temperature {options.Temperature}, top-p {options.TopP}, top-k {options.TopK}";
}
