using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Launches what makes a verdict come true: compaction of the caches, and the step to the next tree.</summary>
internal sealed unsafe class CommitKernels(CudaKernels kernels)
{
    private const int Block = 256;
    private const int ChunkBytes = 16;

    private readonly CudaKernel _compactKv = kernels.Find("compact_kv", "compact_kv");
    private readonly CudaKernel _advanceStep = kernels.Find("advance_step", "advance_step");

    /// <param name="cache">The cache.</param>
    /// <param name="state">Whose verdict names the path.</param>
    /// <param name="length">The device's address of how many of its nodes the cache keeps.</param>
    public void Compact(CudaKvCache cache, CudaTreeState state, nint length)
    {
        var parameters = new CompactKv
        {
            Cache = cache.Data.Handle,
            Path = state.Path,
            Length = length,
            State = state.State,
            Planes = 2 * cache.Layers * cache.KvHeads,
            Capacity = cache.Capacity,
            Chunks = cache.HeadDim * sizeof(ushort) / ChunkBytes,
        };
        int columns = parameters.Planes * parameters.Chunks;
        _compactKv.Launch((columns + Block - 1) / Block, Block, 0, CudaQueue.Current, KernelArgument.At(&parameters, sizeof(CompactKv)));
    }

    public void Advance(CudaTreeState state, CudaTreeState? pending)
    {
        var parameters = new AdvanceStep
        {
            Verdict = state.DeviceVerdict,
            Toks = state.NewTokens,
            State = state.State,
            TokOfNode = state.Tokens,
            PendingState = pending?.State ?? 0,
            PendingToks = pending?.Tokens ?? 0,
        };
        _advanceStep.Launch(1, 1, 0, CudaQueue.Current, KernelArgument.At(&parameters, sizeof(AdvanceStep)));
    }
}
