using Sequoia.Interop;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>[layer][k|v][kv_head][page][position in the page][dimension] in 16 bits.</summary>
internal sealed class CudaKvPool(CudaContext context, LlamaConfig config, int pages) : KvPool(pages)
{
    // Rows are moved 16 bytes at a time.
    private const int ChunkBytes = 16;
    private const int HeadDimStep = ChunkBytes / sizeof(ushort);

    // MOST_DIMS of attend_scalar.cu.
    private const int MostHeadDim = 256;

    // Both bytes of an element: 1.06 in F16, 0.0115 in BF16.
    private const byte Small = 0x3c;

    public DeviceBuffer<ushort> Data { get; } = new DeviceParts(context, $"a KV cache of {(long)pages * PageSize} tokens")
        .Allocate<ushort>(2L * config.Layers * config.KvHeads * pages * PageSize * config.HeadDim);

    public int KvHeads { get; } = config.KvHeads;

    public int HeadDim { get; } = config.HeadDim;

    /// <summary>Rows of a plane: the keys, or values, of one layer and one head.</summary>
    public int Rows => Pages * PageSize;

    public int Planes { get; } = 2 * config.Layers * config.KvHeads;

    /// <summary>The number of pieces in which a row is moved.</summary>
    public int Chunks => HeadDim / HeadDimStep;

    /// <summary>Rejects models whose heads the kernels do not support.</summary>
    public static void Check(LlamaConfig config)
    {
        if (config.HeadDim % HeadDimStep != 0 || config.HeadDim > MostHeadDim)
            throw new InvalidInputException($"head_dim: {config.HeadDim} is not possible on a CUDA device; it must be a multiple of {HeadDimStep}, {MostHeadDim} at most");
    }

    /// <summary>A layer's keys of all heads.</summary>
    public nint Keys(int layer) => At(2L * layer);

    /// <summary>A layer's values of all heads.</summary>
    public nint Values(int layer) => At((2L * layer) + 1);

    public override void Fill(WorkQueue queue) => Data.FillBytesAsync(Small, CudaQueue.StreamOf(queue));

    public override void Dispose() => Data.Dispose();

    private nint At(long half) => Data.Handle + (nint)(half * KvHeads * Rows * HeadDim * sizeof(ushort));
}
