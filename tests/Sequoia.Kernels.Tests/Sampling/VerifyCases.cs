using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

internal static class VerifyCases
{
    /// <summary>A random tree; the draft agrees with the target well, badly or not at all.</summary>
    public static VerifyProblem Random(int seed, int? vocabulary = null, SpeculationMethod method = SpeculationMethod.Sequoia)
    {
        var random = new Random(seed);
        int tokens = vocabulary ?? SamplingCases.Vocabulary(random);
        int mostChildren = Math.Min(32, tokens);
        TokenTree tree = random.Next(4) switch
        {
            0 => TokenTree.Chains(mostChildren, 1),
            1 => RandomTrees.Bush(random.Next(1, 6), Math.Min(6, mostChildren), random),
            _ => RandomTrees.Some(random.Next(2, 40), mostChildren, random),
        };
        var draft = new DrawProblem(tree, tokens, SamplingCases.Options(seed, tokens, random), new RandomKey((ulong)random.NextInt64(), 7), seed, method);
        var problem = new VerifyProblem(draft) { Nodes = random.Next(4) == 0 ? random.Next(1, tree.Size + 1) : tree.Size };
        for (int node = 0; node < tree.Size; node++)
            HardRows.Fill(problem.Target.Row(node), HardRows.Kinds[random.Next(HardRows.Kinds.Length)], random);
        float difference = random.Next(4) switch { 0 => 0, 1 => 0.3f, _ => 2 };
        for (int row = 0; row < draft.Rows; row++)
        {
            if (random.Next(3) == 0)
                HardRows.Fill(draft.Logits.Row(row), HardRows.Kinds[random.Next(HardRows.Kinds.Length)], random);
            else
                HardRows.FillLike(draft.Logits.Row(row), problem.Target.Row(draft.NodeOfRow[row]), difference, random);
        }
        return problem;
    }

    /// <summary>Few likely tokens in the draft and many children: its mass is used up, and the rest come uniformly.</summary>
    public static VerifyProblem UsedUp(int seed)
    {
        var random = new Random(seed);
        // By top-k, which the target then has as well, so its logits are flat to keep many tokens; or by logits of -infinity.
        bool byTopK = seed % 2 == 0;
        var options = new SamplingOptions(1, 1, byTopK ? random.Next(1, 5) : 0);
        var draft = new DrawProblem(TokenTree.Chains(16, 1), 20, options, new RandomKey((ulong)seed, 1), seed);
        var problem = new VerifyProblem(draft) { Nodes = draft.Tree.Size };
        HardRows.Fill(draft.Logits.Row(0), byTopK ? LogitKind.Usual : LogitKind.FewFinite, random);
        for (int node = 0; node < draft.Tree.Size; node++)
            HardRows.Fill(problem.Target.Row(node), byTopK ? LogitKind.Flat : LogitKind.Usual, random);
        return problem;
    }
}
