using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Numerics;

namespace Sequoia.Cli.Bench;

/// <summary>
/// Fills a KV cache by random keys and values. A device's memory is arbitrary before; a NaN in it would end drawing and verifying at once, and equal
/// keys would make all weights of attention equal.
/// </summary>
internal static unsafe class RandomCache
{
    private const ulong Seed = 2;

    public static void Fill(KvPool pool)
    {
        ushort[] numbers = new ushort[NormalNumbers.Block];
        new NormalNumbers(deviation: 1).Fill(numbers, Seed, 0);
        if (pool is CudaKvPool device)
        {
            // The same bits are finite numbers in F16 too: the largest, below 8 in BF16, are below 3.
            for (long at = 0; at < device.Data.Length; at += numbers.Length)
                device.Data.CopyFrom(numbers.AsSpan(0, (int)Math.Min(numbers.Length, device.Data.Length - at)), at);
            device.Data.Context.Synchronize();
            return;
        }
        var host = (CpuKvPool)pool;
        int keys = host.Pages * KvPool.PageSize * host.HeadDim, values = host.Pages * KvPool.PageSize * host.ValueStride;
        for (int layer = 0; layer < host.Layers; layer++)
        {
            for (int head = 0; head < host.KvHeads; head++)
            {
                Widen(new Span<float>(host.Keys(layer, head), keys));
                Widen(new Span<float>(host.Values(layer, head), values));
            }
        }

        void Widen(Span<float> to)
        {
            for (int i = 0; i < to.Length; i++)
                to[i] = BitConverter.UInt32BitsToSingle((uint)numbers[i % numbers.Length] << 16);
        }
    }
}
