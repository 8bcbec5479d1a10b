using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>Descends a drafted tree from the root: an accepted child, or the token that follows the path (docs/compare.md).</summary>
internal readonly unsafe ref struct TreeVerifier(VocabularyKernels kernels, SamplingScratch scratch, CpuSequence sequence)
{
    /// <summary>Row <paramref name="firstRow"/> + i of the target's logits is node i, for this many nodes. An accepted child past them ends the path.</summary>
    public void Verify(CpuActivations logits, int firstRow, int nodes)
    {
        Verdict verdict = sequence.Verdict;
        verdict.Clear();
        int node = 0;
        while (node >= 0 && node < nodes)
        {
            verdict.Accept(node, sequence.Token(node));
            float* row = logits.Row(firstRow + node);
            if (sequence.Sampling.Greedy)
                node = FollowToken(kernels.ArgMax(row, scratch.Vocabulary), node);
            else if (sequence.Method == SpeculationMethod.TargetOnly)
                node = FollowToken(Sample(row, node, RandomPurpose.TargetSample), node);
            else
                node = FollowResidual(row, node);
        }
        if (node > 0)
            (verdict.Ahead, verdict.Token) = (node, sequence.Token(node));
    }

    /// <summary>The child that equals a token of the target's own choice, or -1 with the verdict's token set.</summary>
    private int FollowToken(int token, int node)
    {
        sequence.Verdict.Token = token;
        int rank = sequence.Children(node).IndexOf(token);
        return rank < 0 ? -1 : sequence.Tree.FirstChild(node) + rank;
    }

    private int Sample(float* logits, int node, RandomPurpose purpose)
    {
        TokenDistribution.FromLogits(kernels, logits, sequence.Sampling, scratch.Target, scratch);
        return TokenDistribution.Sample(kernels, scratch.Target, sequence.Random, node, purpose, scratch);
    }

    /// <summary>The accepted child, or -1 with the verdict's token set: a draw from the residual distribution.</summary>
    private int FollowResidual(float* logits, int node)
    {
        int first = sequence.Tree.FirstChild(node), children = sequence.Tree.ChildCount(node);
        if (children == 0)
        {
            sequence.Verdict.Token = Sample(logits, node, sequence.Tree.Size == 1 ? RandomPurpose.PlainSample : RandomPurpose.FinalSample);
            return -1;
        }
        TokenDistribution.FromLogits(kernels, logits, sequence.Sampling, scratch.Target, scratch);
        bool withReplacement = sequence.Method == SpeculationMethod.SpecInfer;
        var residual = new ResidualDistribution(kernels, scratch.Target, sequence.DraftRow(node), withReplacement, scratch);
        for (int child = first; child < first + children; child++)
        {
            int token = sequence.Token(child);
            if (residual.Accepts(token, sequence.Random.Coin(node, child)))
                return child;
            residual.Reject(token);
        }
        sequence.Verdict.Token = residual.Sample(sequence.Random, node, RandomPurpose.FinalSample);
        return -1;
    }
}
