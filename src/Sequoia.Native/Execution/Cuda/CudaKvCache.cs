using Sequoia.Interop;
using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>[layer][k|v][kv_head][position][dimension] in 16 bits.</summary>
internal sealed class CudaKvCache(CudaContext context, LlamaConfig config, int capacity) : KvCache(capacity)
{
    // Rows are moved 16 bytes at a time.
    private const int HeadDimStep = 8;

    // MOST_DIMS of attend_scalar.cu.
    private const int MostHeadDim = 256;

    public DeviceBuffer<ushort> Data { get; } =
        new DeviceParts(context, $"a KV cache of {capacity} tokens").Allocate<ushort>(2L * config.Layers * config.KvHeads * capacity * config.HeadDim);

    public int Layers { get; } = config.Layers;

    public int KvHeads { get; } = config.KvHeads;

    public int HeadDim { get; } = config.HeadDim;

    /// <summary>Refuses models whose heads the kernels cannot take.</summary>
    public static void Check(LlamaConfig config)
    {
        if (config.HeadDim % HeadDimStep != 0 || config.HeadDim > MostHeadDim)
            throw new InvalidInputException($"head_dim: {config.HeadDim} is not possible on a CUDA device; it must be a multiple of {HeadDimStep}, {MostHeadDim} at most");
    }

    /// <summary>A layer's keys of all heads.</summary>
    public nint Keys(int layer) => At(2L * layer);

    /// <summary>A layer's values of all heads.</summary>
    public nint Values(int layer) => At((2L * layer) + 1);

    public override void Dispose() => Data.Dispose();

    private nint At(long plane) => Data.Handle + (nint)(plane * KvHeads * Capacity * HeadDim * sizeof(ushort));
}
