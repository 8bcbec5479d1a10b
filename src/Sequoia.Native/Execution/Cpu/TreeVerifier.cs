using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>Walks a drafted tree from the root: accepted child, or a token of the residual distribution (sequoia.md 4).</summary>
internal static unsafe class TreeVerifier
{
    public static void Verify(VocabularyKernels kernels, CpuActivations logits, CpuTreeState state, SamplingOptions sampling, RandomKey random, Verdict verdict)
    {
        verdict.Clear();
        for (int node = 0; node >= 0;)
        {
            verdict.Accept(node);
            node = sampling.Greedy
                ? FollowArgMax(kernels, logits.Row(node), node, state, verdict)
                : FollowResidual(kernels, logits.Row(node), node, state, sampling, random, verdict);
        }
    }

    /// <summary>The accepted child, or -1 with the verdict's token set.</summary>
    private static int FollowArgMax(VocabularyKernels kernels, float* logits, int node, CpuTreeState state, Verdict verdict)
    {
        verdict.Token = kernels.ArgMax(logits, state.Scratch[0].Vocabulary);
        int first = state.Tree.FirstChild(node);
        for (int child = first; child < first + state.Tree.ChildCount(node); child++)
        {
            if (state.Tokens[child] == verdict.Token)
                return child;
        }
        return -1;
    }

    private static int FollowResidual(
        VocabularyKernels kernels, float* logits, int node, CpuTreeState state, SamplingOptions sampling, RandomKey random, Verdict verdict)
    {
        SamplingScratch scratch = state.Scratch[0];
        TokenDistribution.FromLogits(kernels, logits, sampling, scratch.Target, scratch);
        int first = state.Tree.FirstChild(node), children = state.Tree.ChildCount(node);
        if (children == 0)
        {
            RandomPurpose purpose = state.Tree.Size == 1 ? RandomPurpose.PlainSample : RandomPurpose.FinalSample;
            verdict.Token = TokenDistribution.Sample(kernels, scratch.Target, random, node, purpose, scratch);
            return -1;
        }
        var residual = new ResidualDistribution(kernels, scratch.Target, state.DraftRow(node), scratch);
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
