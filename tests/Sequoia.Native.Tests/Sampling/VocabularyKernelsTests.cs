using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Numerics;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Sampling;

/// <summary>The fast passes against plain ones: shortcuts must not change a bit.</summary>
public sealed unsafe class VocabularyKernelsTests
{
    private const int Vocabulary = 1003;

    private static readonly int Padded = VocabularyKernels.Padded(Vocabulary);

    [Test]
    public void Children_are_the_largest_noisy_logits_of_all(
        [ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string table, [Values(0.1f, 0.6f, 1.5f)] float temperature, [Values(1f, 0.9f)] float topP)
    {
        VocabularyKernels kernels = CpuKernels.Choose(table).Vocabulary;
        using var scratch = new SamplingScratch(Vocabulary, 40);
        using var rows = new AlignedBuffer<float>(2 * Padded);
        float* logits = rows.Pointer, q = logits + Padded;
        int[] children = new int[40];
        for (int seed = 0; seed < 40; seed++)
        {
            Fill(logits, seed);
            var options = new SamplingOptions(temperature, topP);
            var random = new RandomKey((ulong)seed, 3);
            ChildSampler.Draw(kernels, logits, options, random, 7, q, children, scratch);
            random.Fill(scratch.Random, Padded, 7, RandomPurpose.DraftNoise);
            float inverse = 1 / temperature, max = Enumerable.Range(0, Vocabulary).Max(t => logits[t] * inverse);
            IEnumerable<int> expected = Enumerable.Range(0, Vocabulary)
                .OrderByDescending(t => q[t] > 0).ThenByDescending(t => q[t] > 0 ? (logits[t] * inverse) - max + Gumbel(scratch.Random[t]) : Gumbel(scratch.Random[t]));
            Assert.That(children, Is.EqualTo(expected.Take(children.Length)));
        }
    }

    [Test]
    public void A_race_is_won_by_the_first_arrival([ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string table)
    {
        VocabularyKernels kernels = CpuKernels.Choose(table).Vocabulary;
        using var scratch = new SamplingScratch(Vocabulary, 1);
        using var weights = new AlignedBuffer<float>(Padded);
        for (int seed = 0; seed < 200; seed++)
        {
            Fill(weights.Pointer, seed);
            for (int t = 0; t < Vocabulary; t++)
                weights.Pointer[t] = weights.Pointer[t] > 0 ? MathF.Exp(weights.Pointer[t]) : 0;
            var random = new RandomKey((ulong)seed, 9);
            int token = TokenDistribution.Sample(kernels, weights.Pointer, random, 2, RandomPurpose.FinalSample, scratch);
            int expected = Enumerable.Range(0, Vocabulary).Where(t => weights.Pointer[t] > 0).MinBy(t => Exponential(scratch.Random[t]) / weights.Pointer[t]);
            Assert.That(token, Is.EqualTo(expected));
        }
        new Span<float>(weights.Pointer, Padded).Clear();
        Assert.That(TokenDistribution.Sample(kernels, weights.Pointer, new RandomKey(1, 1), 0, RandomPurpose.PlainSample, scratch), Is.EqualTo(-1));
    }

    [Test]
    public void Equal_logits_are_taken_in_the_order_of_their_ids([ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string table)
    {
        VocabularyKernels kernels = CpuKernels.Choose(table).Vocabulary;
        using var logits = new AlignedBuffer<float>(Padded);
        (logits.Pointer[40], logits.Pointer[7], logits.Pointer[1002], logits.Pointer[500]) = (2, 2, 2, 3);
        float[] keys = new float[6];
        int[] tokens = new int[6];
        Assert.That(kernels.Largest(logits.Pointer, Vocabulary, keys, tokens), Is.EqualTo(6));
        Assert.That(tokens, Is.EqualTo((int[])[500, 7, 40, 1002, 0, 1]));
        Assert.That(kernels.ArgMax(logits.Pointer, Vocabulary), Is.EqualTo(500));
    }

    [Test]
    public void Top_p_keeps_the_smallest_set_of_largest_probabilities_with_all_ties()
    {
        using var p = new AlignedBuffer<float>(8);
        float[] values = [0.25f, 0.125f, 0.25f, 0.0625f, 0.125f, 0.1875f];
        values.CopyTo(new Span<float>(p.Pointer, 8));
        var threshold = new MassThreshold();
        float ForMass(double mass) => threshold.ForMass(p.Pointer, values.Length, (ulong)(mass * MassThreshold.MassUnit));
        Assert.That(ForMass(0.2), Is.EqualTo(0.25f));
        Assert.That(ForMass(0.5), Is.EqualTo(0.25f));
        Assert.That(ForMass(0.51), Is.EqualTo(0.1875f));
        Assert.That(ForMass(0.7), Is.EqualTo(0.125f));
        Assert.That(ForMass(1), Is.EqualTo(0.0625f));
        Assert.That(threshold.ForCount(p.Pointer, values.Length, 1), Is.EqualTo(0.25f));
        Assert.That(threshold.ForCount(p.Pointer, values.Length, 3), Is.EqualTo(0.1875f));
    }

    [Test]
    public void Sums_go_through_tiles_of_64_and_a_halving_tree()
    {
        int padded = VocabularyKernels.Padded(3000);
        using var rows = new AlignedBuffer<float>(padded + TiledSum.Scratch(padded));
        var random = new Random(1);
        for (int i = 0; i < 3000; i++)
            rows.Pointer[i] = random.NextSingle();
        float[] tiles = new float[64];
        for (int tile = 0; tile < padded / 64; tile++)
        {
            for (int i = 0; i < 64; i++)
                tiles[tile] += rows.Pointer[(64 * tile) + i];
        }
        for (int half = 32; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
                tiles[i] += tiles[i + half];
        }
        Assert.That(TiledSum.Of(rows.Pointer, padded, rows.Pointer + padded), Is.EqualTo(tiles[0]));
    }

    private static void Fill(float* row, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Vocabulary; i++)
            row[i] = (float)((random.NextDouble() * 24) - 16 + (random.NextDouble() < 0.01 ? 8 : 0));
    }

    private static float Exponential(uint r)
    {
        float u = MathF.Min(MathF.FusedMultiplyAdd(r, 1f / 4294967296f, 0.5f / 4294967296f), 1 - (1f / 16777216));
        return ExactMath.NegativeLog1m(LanesScalar.Broadcast(u))[0];
    }

    private static float Gumbel(uint r) => (LanesScalar.Zero - ExactMath.Log(LanesScalar.Broadcast(Exponential(r))))[0];
}
