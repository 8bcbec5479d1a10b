using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>What the CPU backend allocates, in bytes, from shapes alone.</summary>
internal static class CpuMemory
{
    /// <summary>Caches, activations and logits of a decoder.</summary>
    /// <param name="target">The target's shape.</param>
    /// <param name="draft">The draft's shape; null without one.</param>
    /// <param name="sizes">The decoder's sizes.</param>
    /// <param name="threads">The number of threads.</param>
    public static MemoryNeeds OfDecoder(LlamaConfig target, LlamaConfig? draft, DecoderSizes sizes, int threads)
    {
        long caches = Pool(target, sizes.TargetPages), tree = Workspace(target, sizes.Target, threads);
        if (draft is not null && sizes.Draft is { } size)
        {
            caches += Pool(draft, sizes.DraftPages);
            // Sequences keep the distributions that children are drawn from.
            tree += Workspace(draft, size, threads) + ((long)size.LogitRows * VocabularyKernels.Padded(target.VocabularySize) * sizeof(float));
        }
        return new MemoryNeeds(0, 0, 0, caches, tree);
    }

    private static long Pool(LlamaConfig config, int pages) =>
        (long)config.Layers * config.KvHeads * pages * KvPool.PageSize * (config.HeadDim + ((config.HeadDim + 15) / 16 * 16)) * sizeof(float);

    /// <summary>The workspace, and what the backend keeps for the largest pass: the outputs of stacked projections and a product's input.</summary>
    private static long Workspace(LlamaConfig config, WorkspaceSize size, int threads)
    {
        int heads = config.Heads * config.HeadDim;
        long row = Padded(config.HiddenSize) * 2 + (Padded(heads) * 2) + Padded(config.IntermediateSize)
            + Padded(config.QkvSize) + Padded(2 * config.IntermediateSize) + Math.Max(Padded(config.HiddenSize), Padded(config.IntermediateSize));
        long scratch = 3L * Padded(config.VocabularySize) * threads;
        return ((size.Rows * row) + (size.LogitRows * Padded(config.VocabularySize)) + scratch) * sizeof(float);
    }

    private static long Padded(int columns) => VocabularyKernels.Padded(columns);
}
