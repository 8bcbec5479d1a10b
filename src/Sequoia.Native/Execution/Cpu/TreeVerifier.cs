using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>Walks a drafted tree from the root: accepted child, or the token that follows the path (docs/compare.md).</summary>
internal static unsafe class TreeVerifier
{
    public static void Verify(
        VocabularyKernels kernels, CpuActivations logits, int nodes, CpuTreeState state, SamplingOptions sampling)
    {
        (Verdict verdict, RandomKey random) = (state.Verdict, state.Random);
        verdict.Clear();
        int node = 0;
        while (node >= 0 && node < nodes)
        {
            verdict.Accept(node, state.Tokens[node]);
            float* row = logits.Row(node);
            if (sampling.Greedy)
                node = FollowToken(kernels.ArgMax(row, state.Scratch[0].Vocabulary), node, state, verdict);
            else if (state.Method == SpeculationMethod.TargetOnly)
                node = FollowToken(Sample(kernels, row, node, RandomPurpose.TargetSample, state, sampling, random), node, state, verdict);
            else
                node = FollowResidual(kernels, row, node, state, sampling, random, verdict);
        }
        if (node > 0)
            (verdict.Ahead, verdict.Token) = (node, state.Tokens[node]);
    }

    /// <summary>The child that equals a token of the target's own choice, or -1 with the verdict's token set.</summary>
    private static int FollowToken(int token, int node, CpuTreeState state, Verdict verdict)
    {
        verdict.Token = token;
        int first = state.Tree.FirstChild(node);
        for (int child = first; child < first + state.Tree.ChildCount(node); child++)
        {
            if (state.Tokens[child] == token)
                return child;
        }
        return -1;
    }

    private static int Sample(
        VocabularyKernels kernels, float* logits, int node, RandomPurpose purpose, CpuTreeState state, SamplingOptions sampling, RandomKey random)
    {
        SamplingScratch scratch = state.Scratch[0];
        TokenDistribution.FromLogits(kernels, logits, sampling, scratch.Target, scratch);
        return TokenDistribution.Sample(kernels, scratch.Target, random, node, purpose, scratch);
    }

    /// <summary>The accepted child, or -1 with the verdict's token set: a draw from the residual distribution.</summary>
    private static int FollowResidual(
        VocabularyKernels kernels, float* logits, int node, CpuTreeState state, SamplingOptions sampling, RandomKey random, Verdict verdict)
    {
        int first = state.Tree.FirstChild(node), children = state.Tree.ChildCount(node);
        if (children == 0)
        {
            RandomPurpose purpose = state.Tree.Size == 1 ? RandomPurpose.PlainSample : RandomPurpose.FinalSample;
            verdict.Token = Sample(kernels, logits, node, purpose, state, sampling, random);
            return -1;
        }
        SamplingScratch scratch = state.Scratch[0];
        TokenDistribution.FromLogits(kernels, logits, sampling, scratch.Target, scratch);
        bool withReplacement = state.Method == SpeculationMethod.SpecInfer;
        var residual = new ResidualDistribution(kernels, scratch.Target, state.DraftRow(node), withReplacement, scratch);
        for (int child = first; child < first + children; child++)
        {
            int token = state.Tokens[child];
            if (residual.Accepts(token, random.Coin(node, child)))
                return child;
            residual.Reject(token);
        }
        verdict.Token = residual.Sample(random, node, RandomPurpose.FinalSample);
        return -1;
    }
}
