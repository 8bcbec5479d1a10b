using Sequoia.Interop;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Compaction;

/// <summary>A cache with the number of its row in every word, and a path to move. Columns of 16 bytes; planes are layers x {k, v} x heads.</summary>
internal sealed record CompactProblem(int Layers, int Heads, int HeadDim, int Capacity, int Committed, int[] Path)
{
    private const int ElementBytes = 2, WordsOfColumn = 4;

    public int Planes => Layers * 2 * Heads;

    /// <summary>Columns of a row.</summary>
    public int Chunks => HeadDim * ElementBytes / 16;

    private int WordsOfRow => Chunks * WordsOfColumn;

    public static KernelUnderTest Kernel(Mutation? mutation = null) => new("compact_kv", 256, null, mutation);

    public static KernelUnderTest Twin() => new("compact_kv_scalar", 256);

    /// <summary>Runs the kernel, and the twin if there is one, and compares every byte of the cache.</summary>
    public LaunchReport Check(KernelUnderTest kernel, KernelUnderTest? twin = null)
    {
        CudaContext gpu = KernelUnderTest.Gpu;
        uint[] before = Numbered();
        using DeviceBuffer<uint> cache = gpu.Upload<uint>(before);
        using DeviceBuffer<int> path = gpu.Upload<int>([.. Path, int.MinValue]);
        using DeviceBuffer<int> length = gpu.Upload<int>([Path.Length, -1]);
        using DeviceBuffer<StepState> state = gpu.Upload<StepState>([new() { Step = 9, Committed = Committed }]);
        var parameters = new CompactKv
        {
            Cache = cache.Handle,
            Path = path.Handle,
            Length = length.Handle,
            State = state.Handle,
            Planes = Planes,
            Capacity = Capacity,
            Chunks = Chunks,
        };
        if (twin is not null)
            CheckTwin(twin, parameters, before);
        LaunchReport report = kernel.Launch(((Planes * Chunks) + 255) / 256, parameters);
        Compare(cache.ToArray(), before);
        return report;
    }

    private void CheckTwin(KernelUnderTest twin, CompactKv parameters, uint[] before)
    {
        using DeviceBuffer<uint> result = KernelUnderTest.Gpu.Allocate<uint>(before.Length);
        int columns = Planes * Capacity * Chunks;
        twin.Launch((columns + 255) / 256, TwinKernels.CacheTwin.Of(parameters, result.Handle));
        Compare(result.ToArray(), before);
    }

    /// <summary>Word w of row r of plane p is unlike every other word.</summary>
    private uint[] Numbered() => [.. Enumerable.Range(0, Planes * Capacity * WordsOfRow).Select(i => (uint)i * 2654435761u)];

    private void Compare(uint[] found, uint[] before)
    {
        for (int plane = 0; plane < Planes; plane++)
        {
            for (int row = 0; row < Capacity; row++)
            {
                int slot = row - Committed;
                int source = slot >= 0 && slot < Path.Length ? Committed + Path[slot] : row;
                Span<uint> expected = before.AsSpan(((plane * Capacity) + source) * WordsOfRow, WordsOfRow);
                if (!found.AsSpan(((plane * Capacity) + row) * WordsOfRow, WordsOfRow).SequenceEqual(expected))
                    throw new KernelFault($"plane {plane}, row {row} is not row {source}; path {string.Join(' ', Path)}");
            }
        }
    }
}
