using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Numerics;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Sampling;

/// <summary>Lossless is a claim about probability: it is proved here by enumeration, exactly for the rule, to rounding for the code.</summary>
public sealed unsafe class VerifierLawTests
{
    /// <summary>P, Q and the acceptance of each child as sequoia.md section 4 states them.</summary>
    private static readonly (Rational[] P, Rational[] Q, Rational[] Accepted)[] Published =
    [
        (Of(2, 2, 0), Of(2, 1, 1), Of(2, 1, 1)),
        (Of(10, 6, 4), Of(10, 6, 4), Of(1, 1, 0)),
        (Of(4, 1, 1, 1, 1), Of(1, 1, 0, 0, 0), Of(4, 1, 3, 0, 0)),
        (Of(10, 1, 2, 3, 4), Of(2, 1, 1, 0, 0), Of(20, 6, 0, 13, 1)),
    ];

    [Test]
    public void Published_acceptance_probabilities([Range(0, 3)] int index)
    {
        (Rational[] p, Rational[] q, Rational[] expected) = Published[index];
        Assert.That(VerifierLaw.Enumerate(q, p.Length, () => new VerifierLaw.Stated(p, q)).Accepted, Is.EqualTo(expected));
        Assert.That(VerifierLaw.Enumerate(q, p.Length, () => new VerifierLaw.WaterLevel(p, q)).Accepted, Is.EqualTo(expected));
    }

    [Test]
    public void The_output_law_is_exactly_the_targets()
    {
        foreach ((Rational[] p, Rational[] q) in Cases(60))
        {
            for (int children = 0; children <= p.Length; children++)
            {
                var stated = VerifierLaw.Enumerate(q, children, () => new VerifierLaw.Stated(p, q));
                var level = VerifierLaw.Enumerate(q, children, () => new VerifierLaw.WaterLevel(p, q));
                Assert.That(stated.Output, Is.EqualTo(p));
                Assert.That(level.Output, Is.EqualTo(p));
                Assert.That(level.Accepted, Is.EqualTo(stated.Accepted));
            }
        }
    }

    [Test]
    public void A_residual_taken_after_zeroing_the_child_is_found_out() =>
        Assert.That(Cases(60).Where(c => c.Q.All(w => w > Rational.Zero)).Any(c =>
            !VerifierLaw.Enumerate(c.Q, 2, () => new VerifierLaw.Wrong(c.P, c.Q)).Output.SequenceEqual(c.P)));

    [Test]
    public void SpecInfers_output_law_is_exactly_the_targets()
    {
        foreach ((Rational[] p, Rational[] q) in Cases(60))
        {
            for (int children = 0; children <= 3; children++)
            {
                var law = VerifierLaw.Enumerate(p.Length, children, VerifierLaw.Sequences(q, children), () => new VerifierLaw.SpecInfer(p, q));
                Assert.That(law.Output, Is.EqualTo(p));
            }
        }
    }

    [Test]
    public void Each_rule_is_found_out_with_the_others_way_of_drawing()
    {
        // Two children at least, or there is no difference; no zeros, so that every sequence can be drawn.
        var cases = Cases(60).Where(c => c.Q.All(w => w > Rational.Zero)).ToList();
        Assert.That(cases.Any(c => !VerifierLaw.Enumerate(c.Q, 2, () => new VerifierLaw.SpecInfer(c.P, c.Q)).Output.SequenceEqual(c.P)));
        Assert.That(cases.Any(c =>
            !VerifierLaw.Enumerate(c.P.Length, 2, VerifierLaw.Sequences(c.Q, 2), () => new VerifierLaw.Stated(c.P, c.Q)).Output.SequenceEqual(c.P)));
    }

    [Test]
    public void The_target_alone_has_its_own_law_and_accepts_a_child_as_often_as_it_draws_it()
    {
        foreach ((Rational[] p, Rational[] q) in Cases(60))
        {
            int[] likeliest = [.. Enumerable.Range(0, q.Length).OrderByDescending(x => (double)q[x].Numerator / (double)q[x].Denominator)];
            var law = VerifierLaw.Enumerate(p.Length, p.Length, [(likeliest, Rational.One)], () => new VerifierLaw.TargetOnly(p));
            Assert.That(law.Output, Is.EqualTo(p));
            Assert.That(law.Accepted, Is.EqualTo(likeliest.Select(x => p[x])));
        }
    }

    [Test]
    public void The_first_child_is_accepted_with_the_overlap_of_both_laws()
    {
        foreach ((Rational[] p, Rational[] q) in Cases(40))
        {
            Rational overlap = Rational.Sum(p.Zip(q, Rational.Min));
            Assert.That(VerifierLaw.Enumerate(q, 1, () => new VerifierLaw.WaterLevel(p, q)).Accepted[0], Is.EqualTo(overlap));
        }
    }

    [Test]
    public void The_engines_verifier_has_the_same_law([ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string kernels)
    {
        VocabularyKernels vocabulary = CpuKernels.Choose(kernels).Vocabulary;
        foreach ((Rational[] p, Rational[] q) in Cases(30))
        {
            for (int children = 0; children <= p.Length; children++)
            {
                var stated = VerifierLaw.Enumerate(q, children, () => new VerifierLaw.Stated(p, q));
                AssertEngineLaw(vocabulary, p, q, VerifierLaw.Orders(q, children), withReplacement: false, stated.Accepted);
            }
        }
    }

    [Test]
    public void The_engines_verifier_has_the_same_law_with_replacement([ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string kernels)
    {
        VocabularyKernels vocabulary = CpuKernels.Choose(kernels).Vocabulary;
        foreach ((Rational[] p, Rational[] q) in Cases(30))
        {
            for (int children = 0; children <= 3; children++)
            {
                var stated = VerifierLaw.Enumerate(p.Length, children, VerifierLaw.Sequences(q, children), () => new VerifierLaw.SpecInfer(p, q));
                AssertEngineLaw(vocabulary, p, q, VerifierLaw.Sequences(q, children), withReplacement: true, stated.Accepted);
            }
        }
    }

    private static void AssertEngineLaw(
        VocabularyKernels kernels, Rational[] p, Rational[] q, IEnumerable<(int[] Order, Rational Probability)> orders, bool withReplacement, Rational[] accepted)
    {
        (double[] law, double[] ranks) = EngineLaw(kernels, p, q, orders, withReplacement, accepted.Length);
        string what = $"P = {string.Join(' ', p)}, Q = {string.Join(' ', q)}, {accepted.Length} children";
        Assert.That(law, Is.EqualTo(p.Select(ToDouble)).Within(1e-6), what);
        Assert.That(ranks, Is.EqualTo(accepted.Select(ToDouble)).Within(1e-6), what);
    }

    /// <summary>Takes the drawing orders and asks the engine's own code which coins pass and what is left.</summary>
    private static (double[] Output, double[] Accepted) EngineLaw(
        VocabularyKernels kernels, Rational[] p, Rational[] q, IEnumerable<(int[] Order, Rational Probability)> orders, bool withReplacement, int children)
    {
        double[] law = new double[p.Length], accepted = new double[children];
        using var scratch = new SamplingScratch(p.Length, Math.Max(children, 1));
        using var rows = new AlignedBuffer<float>(2 * scratch.Padded);
        foreach ((int[] order, Rational probability) in orders)
        {
            new Span<float>(rows.Pointer, 2 * scratch.Padded).Clear();
            for (int x = 0; x < p.Length; x++)
                (rows.Pointer[x], rows.Pointer[scratch.Padded + x]) = ((float)ToDouble(p[x]), (float)ToDouble(q[x]));
            var residual = new ResidualDistribution(kernels, rows.Pointer, rows.Pointer + scratch.Padded, withReplacement, scratch);
            double reached = ToDouble(probability);
            for (int rank = 0; rank < order.Length; rank++)
            {
                int token = order[rank];
                double accept = LargestPassingCoin(ref residual, token);
                law[token] += reached * accept;
                accepted[rank] += reached * accept;
                reached *= 1 - accept;
                if (reached > 0)
                    residual.Reject(token);
            }
            if (reached <= 0)
                continue;
            var weights = new ReadOnlySpan<float>(residual.Weights(), p.Length);
            double sum = 0;
            foreach (float weight in weights)
                sum += weight;
            for (int x = 0; x < p.Length && sum > 0; x++)
                law[x] += reached * weights[x] / sum;
        }
        return (law, accepted);
    }

    /// <summary>Acceptance is monotone in the coin, so bisection finds its probability from yes and no alone.</summary>
    private static double LargestPassingCoin(ref ResidualDistribution residual, int token)
    {
        const float First = 0.5f / (1 << 23), Last = 1 - First;
        if (!residual.Accepts(token, First))
            return 0;
        if (residual.Accepts(token, Last))
            return 1;
        float low = First, high = Last;
        for (int i = 0; i < 40; i++)
        {
            float middle = (low + high) / 2;
            (low, high) = residual.Accepts(token, middle) ? (middle, high) : (low, middle);
        }
        return low;
    }

    /// <summary>Random laws on 3 to 5 tokens, many with zeros.</summary>
    private static IEnumerable<(Rational[] P, Rational[] Q)> Cases(int count)
    {
        var random = new Random(11);
        for (int i = 0; i < count; i++)
        {
            int tokens = 3 + (i % 3);
            yield return (Law(random, tokens), Law(random, tokens));
        }
    }

    private static Rational[] Law(Random random, int tokens)
    {
        int[] weights = [.. Enumerable.Range(0, tokens).Select(_ => Math.Max(0, random.Next(13) - 3))];
        weights[random.Next(tokens)]++;
        return [.. weights.Select(w => Rational.Of(w, weights.Sum()))];
    }

    private static Rational[] Of(int denominator, params int[] numerators) => [.. numerators.Select(n => Rational.Of(n, denominator))];

    private static double ToDouble(Rational value) => (double)value.Numerator / (double)value.Denominator;
}
