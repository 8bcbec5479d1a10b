using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Compaction of the caches of a sequence, and its step to the next tree.</summary>
internal sealed class CudaCommit(CudaKernels kernels)
{
    private const int ChunkBytes = 16;

    private readonly CommitKernels _launcher = new(kernels);

    /// <param name="cache">The cache.</param>
    /// <param name="state">Whose verdict names the path.</param>
    /// <param name="length">The device's address of how many of its nodes the cache keeps.</param>
    public void Compact(CudaKvCache cache, CudaTreeState state, nint length) => _launcher.CompactKv(new CompactKv
    {
        Cache = cache.Data.Handle,
        Path = state.Path,
        Length = length,
        State = state.State,
        Planes = 2 * cache.Layers * cache.KvHeads,
        Capacity = cache.Capacity,
        Chunks = cache.HeadDim * sizeof(ushort) / ChunkBytes,
    }, CudaQueue.Current);

    public void Advance(CudaTreeState state, CudaTreeState? pending) => _launcher.AdvanceStep(new AdvanceStep
    {
        Verdict = state.DeviceVerdict,
        Toks = state.NewTokens,
        State = state.State,
        TokOfNode = state.Tokens,
        PendingState = pending?.State ?? 0,
        PendingToks = pending?.Tokens ?? 0,
    }, CudaQueue.Current);
}
