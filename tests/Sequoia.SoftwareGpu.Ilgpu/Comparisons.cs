using ILGPU;
using ILGPU.Runtime;

namespace Sequoia.SoftwareGpu.Ilgpu;

internal static class Comparisons
{
    private const int Count = 5000;

    public static readonly Comparison[] All =
    [
        new("vector add", VectorAdd),
        new("integers and branches", Integers),
        new("double precision", Doubles),
        // Sums in another order than the CPU accelerator's: 20 additions deep, each off by half a unit in the last place.
        new("reduction", Reduction, 1e-5f),
        new("scan", Scan),
        // Products may be fused with their sums or not: as many roundings as terms.
        new("matrix multiply", MatrixMultiply, 64 * 6e-8f),
        new("tiled matrix multiply", TiledMatrixMultiply, 64 * 6e-8f),
        new("atomics", Atomics),
        new("warp shuffles", Shuffles),
        new("local arrays", LocalArrays),
    ];

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() + 0.1f)];
    }

    private static float[] VectorAdd(Accelerator on)
    {
        using var a = on.Allocate1D(Numbers(Count, 1));
        using var b = on.Allocate1D(Numbers(Count, 2));
        using var sum = on.Allocate1D<float>(Count);
        on.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, ArrayView<float>>(Kernels.Add)(Count, a.View, b.View, sum.View);
        return sum.GetAsArray1D();
    }

    private static float[] Integers(Accelerator on)
    {
        using var result = on.Allocate1D<float>(Count);
        on.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>>(Kernels.Collatz)(Count, result.View);
        return result.GetAsArray1D();
    }

    private static float[] Doubles(Accelerator on)
    {
        using var a = on.Allocate1D(Numbers(Count, 3));
        using var result = on.Allocate1D<float>(Count);
        on.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>>(Kernels.Newton)(Count, a.View, result.View);
        return result.GetAsArray1D();
    }

    private static float[] Reduction(Accelerator on)
    {
        using var a = on.Allocate1D(Numbers(Count, 4));
        using var sum = on.Allocate1D<float>(1);
        sum.MemSetToZero();
        on.LoadStreamKernel<ArrayView<float>, ArrayView<float>>(Kernels.Reduce)(((Count + Kernels.Block - 1) / Kernels.Block, Kernels.Block), a.View, sum.View);
        return sum.GetAsArray1D();
    }

    private static float[] Scan(Accelerator on)
    {
        using var a = on.Allocate1D([.. Enumerable.Range(0, Kernels.Block * 8).Select(i => (i * 7919) % 13)]);
        using var sums = on.Allocate1D<int>(Kernels.Block * 8);
        on.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(Kernels.Scan)((8, Kernels.Block), a.View, sums.View);
        return [.. sums.GetAsArray1D().Select(sum => (float)sum)];
    }

    private static float[] MatrixMultiply(Accelerator on) => Multiply(on, (size, a, b, c) =>
        on.LoadAutoGroupedStreamKernel<Index2D, ArrayView<float>, ArrayView<float>, ArrayView<float>, int>(Kernels.Multiply)((size, size), a, b, c, size));

    private static float[] TiledMatrixMultiply(Accelerator on) => Multiply(on, (size, a, b, c) =>
        on.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, int>(Kernels.MultiplyTiled)(
            (new Index2D(size / Kernels.Tile, size / Kernels.Tile), new Index2D(Kernels.Tile, Kernels.Tile)), a, b, c, size));

    private static float[] Multiply(Accelerator on, Action<int, ArrayView<float>, ArrayView<float>, ArrayView<float>> run)
    {
        const int Size = 64;
        using var a = on.Allocate1D(Numbers(Size * Size, 5));
        using var b = on.Allocate1D(Numbers(Size * Size, 6));
        using var c = on.Allocate1D<float>(Size * Size);
        run(Size, a.View, b.View, c.View);
        return c.GetAsArray1D();
    }

    private static float[] Atomics(Accelerator on)
    {
        using var counts = on.Allocate1D<int>(16);
        counts.MemSetToZero();
        on.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(Kernels.Histogram)(Count, counts.View);
        return [.. counts.GetAsArray1D().Select(count => (float)count)];
    }

    private static float[] Shuffles(Accelerator on)
    {
        using var a = on.Allocate1D([.. Enumerable.Range(0, Kernels.Block * 4)]);
        using var sum = on.Allocate1D<int>(1);
        sum.MemSetToZero();
        on.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(Kernels.ShuffleSum)((4, Kernels.Block), a.View, sum.View);
        return [.. sum.GetAsArray1D().Select(total => (float)total)];
    }

    private static float[] LocalArrays(Accelerator on)
    {
        using var result = on.Allocate1D<float>(Count);
        on.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>>(Kernels.SortLocally)(Count, result.View);
        return result.GetAsArray1D();
    }
}
