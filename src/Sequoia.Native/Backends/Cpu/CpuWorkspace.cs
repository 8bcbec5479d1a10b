using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cpu;

internal sealed class CpuWorkspace(LlamaConfig config, WorkspaceSize size, int threads) : Workspace
{
    public override CpuActivations Residual { get; } = new(size.Rows, config.HiddenSize);

    // One at a time is in use.
    public override CpuActivations InputNormed { get; } = new(size.Rows, config.HiddenSize);

    public override CpuActivations PostAttentionNormed => InputNormed;

    public override CpuActivations Queries { get; } = new(size.Rows, config.Heads * config.HeadDim);

    public override CpuActivations Attended { get; } = new(size.Rows, config.Heads * config.HeadDim);

    public override CpuActivations Hidden { get; } = new(size.Rows, config.IntermediateSize);

    public override CpuActivations Logits { get; } = new(size.LogitRows, config.VocabularySize);

    /// <summary>One for each thread of the pool.</summary>
    public SamplingScratch[] Scratch { get; } = [.. Enumerable.Range(0, threads).Select(_ => new SamplingScratch(config.VocabularySize, Math.Max(1, size.Children)))];

    public override void Dispose()
    {
        foreach (IDisposable item in (IDisposable[])[Residual, InputNormed, Queries, Attended, Hidden, Logits, .. Scratch])
            item.Dispose();
    }
}

internal sealed class CpuPass(ModelRole role, int mostRows, int mostParts) : Pass(role, mostRows, mostParts)
{
    public override void Dispose()
    {
    }

    protected override void Upload(WorkQueue queue)
    {
    }
}
