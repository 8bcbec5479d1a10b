using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Plain sampling on the host.</summary>
internal sealed unsafe class ReferenceSampler(int vocabulary) : IDisposable
{
    private readonly SamplingScratch _scratch = new(vocabulary, 1);

    /// <summary>The token of a row, with the random numbers of a node; null where the logits are refused.</summary>
    public int? Sample(CpuActivations logits, int row, SamplingOptions options, RandomKey random, int node)
    {
        if (HardRows.HasNaN(new(logits.Row(row), vocabulary)))
            return null;
        VocabularyKernels kernels = CpuKernels.Best.Vocabulary;
        try
        {
            if (options.Greedy)
                return kernels.ArgMax(logits.Row(row), vocabulary);
            TokenDistribution.FromLogits(kernels, logits.Row(row), options, _scratch.Target, _scratch);
            return TokenDistribution.Sample(kernels, _scratch.Target, random, node, RandomPurpose.PlainSample, _scratch);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public void Dispose() => _scratch.Dispose();
}
