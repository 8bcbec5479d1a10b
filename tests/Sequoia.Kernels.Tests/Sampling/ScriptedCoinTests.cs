using Sequoia.Native;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>
/// The probability of acceptance without chance: coins come from the seed, 16 bits a child, and the coin at which acceptance ends is searched for.
/// It must be the probability that exact fractions give (VerifierLaw), for every order in which children can be drawn.
/// </summary>
internal sealed class ScriptedCoinTests : CudaFixture
{
    private const int Grid = 1 << 16;

    // One step of the grid for the search, a rounding error of the logits' logarithms.
    private const double Tolerance = (1.0 / Grid) + 1e-6;

    private static readonly Mutation Script = new(
        "Coins_from_the_seed", "philox.cuh", "u32 r = philox(seed, make_uint4((u32)child, (u32)node, step, ACCEPT_COIN)).x;",
        "u32 r = (((u32)(seed >> (16 * (child - 1))) & 0xFFFF) << 16) | 0x8000;");

    /// <summary>Weights of target and draft.</summary>
    private static readonly (int[] P, int[] Q)[] Cases =
    [
        ([1, 0], [1, 1]),
        ([3, 2], [3, 2]),
        ([1, 1, 1, 1], [1, 0, 0, 0]),
        ([1, 2, 3, 4], [1, 1, 0, 0]),
        ([2, 5, 3], [6, 3, 1]),
        ([7, 0, 1, 2], [1, 4, 2, 3]),
    ];

    [Test]
    public void Children_are_accepted_with_exactly_their_probability([Range(0, 5)] int number)
    {
        (int[] p, int[] q) = Cases[number];
        using KernelLaunchers kernels = TestGpu.With(Script);
        int children = Math.Min(3, q.Length);
        var drafted = new DraftedTree(TokenTree.Chains(children, 1), q.Length, new SamplingOptions(1), new RandomKey(1, 1), shuffle: 1);
        var inputs = new VerifyInputs(drafted, nodes: 1, seed: 0);
        Fill(inputs.Target.Span(0), p);
        Fill(drafted.Row(0), q);
        using VerifyTreeProblem problem = VerifyCases.Problem(kernels.Any, inputs, block: 128);
        int searched = 0;
        foreach ((int[] order, _) in VerifierLaw.Orders(Fractions(q), children))
        {
            problem.Tokens.Reset([0, .. order]);
            var rule = new VerifierLaw.Stated(Fractions(p), Fractions(q));
            Rational exact = Rational.Zero;
            // A child behind one that is accepted for certain is never looked at.
            for (int rank = 0; rank < children && exact < Rational.One; rank++)
            {
                exact = rule.AcceptanceProbability(order[rank]);
                Assert.That(Search(problem, rank), Is.EqualTo((double)exact.Numerator / (double)exact.Denominator).Within(Tolerance), $"{string.Join(' ', order)}, child {rank}");
                if (exact < Rational.One)
                    rule.Reject(order[rank]);
                searched++;
            }
        }
        Assert.That(searched, Is.GreaterThanOrEqualTo(children));
    }

    /// <summary>The share of the grid's coins with which a child is accepted, when those before it have the highest coin and are rejected.</summary>
    private static double Search(VerifyTreeProblem problem, int rank)
    {
        int accepted = 0, rejected = Grid;
        while (accepted < rejected)
        {
            int coin = (accepted + rejected) / 2;
            ulong before = (1ul << (16 * rank)) - 1;
            problem.Begin(new RandomKey(before | ((ulong)coin << (16 * rank)), 0));
            problem.Launch();
            if (problem.Outcome.Ahead == rank + 1)
                accepted = coin + 1;
            else
                rejected = coin;
        }
        return accepted / (double)Grid;
    }

    private static Rational[] Fractions(int[] weights) => [.. weights.Select(weight => Rational.Of(weight, weights.Sum()))];

    private static void Fill(Span<float> logits, int[] weights)
    {
        for (int token = 0; token < weights.Length; token++)
            logits[token] = MathF.Log(weights[token]);
    }
}
