using ILGPU;

namespace Sequoia.SoftwareGpu.Ilgpu;

/// <summary>What ILGPU compiles to PTX.</summary>
internal static class Kernels
{
    public const int Block = 128;
    public const int Tile = 16;

    public static void Add(Index1D i, ArrayView<float> a, ArrayView<float> b, ArrayView<float> sum) => sum[i] = a[i] + b[i];

    public static void Collatz(Index1D i, ArrayView<float> steps)
    {
        int count = 0;
        for (long value = i + 1; value != 1; count++)
            value = value % 2 == 0 ? value / 2 : (3 * value) + 1;
        steps[i] = count;
    }

    public static void Newton(Index1D i, ArrayView<float> a, ArrayView<float> roots)
    {
        double wanted = a[i], root = 1;
        for (int step = 0; step < 8; step++)
            root = 0.5 * (root + (wanted / root));
        roots[i] = (float)root;
    }

    public static void Reduce(ArrayView<float> a, ArrayView<float> sum)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(Block);
        int at = Grid.GlobalIndex.X;
        shared[Group.IdxX] = at < a.IntLength ? a[at] : 0;
        Group.Barrier();
        for (int half = Block / 2; half > 0; half /= 2)
        {
            if (Group.IdxX < half)
                shared[Group.IdxX] += shared[Group.IdxX + half];
            Group.Barrier();
        }
        if (Group.IsFirstThread)
            Atomic.Add(ref sum[0], shared[0]);
    }

    public static void Scan(ArrayView<int> a, ArrayView<int> sums)
    {
        ArrayView<int> shared = SharedMemory.Allocate<int>(Block);
        int at = Grid.GlobalIndex.X, lane = Group.IdxX;
        shared[lane] = a[at];
        Group.Barrier();
        for (int distance = 1; distance < Block; distance *= 2)
        {
            int add = lane >= distance ? shared[lane - distance] : 0;
            Group.Barrier();
            shared[lane] += add;
            Group.Barrier();
        }
        sums[at] = shared[lane];
    }

    public static void Multiply(Index2D at, ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, int size)
    {
        float sum = 0;
        for (int k = 0; k < size; k++)
            sum += a[(at.X * size) + k] * b[(k * size) + at.Y];
        c[(at.X * size) + at.Y] = sum;
    }

    public static void MultiplyTiled(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, int size)
    {
        ArrayView<float> left = SharedMemory.Allocate<float>(Tile * Tile), right = SharedMemory.Allocate<float>(Tile * Tile);
        int x = Group.IdxX, y = Group.IdxY, row = (Grid.IdxY * Tile) + y, column = (Grid.IdxX * Tile) + x;
        float sum = 0;
        for (int k = 0; k < size; k += Tile)
        {
            left[(y * Tile) + x] = a[(row * size) + k + x];
            right[(y * Tile) + x] = b[((k + y) * size) + column];
            Group.Barrier();
            for (int i = 0; i < Tile; i++)
                sum += left[(y * Tile) + i] * right[(i * Tile) + x];
            Group.Barrier();
        }
        c[(row * size) + column] = sum;
    }

    public static void Histogram(Index1D i, ArrayView<int> counts)
    {
        Atomic.Add(ref counts[(i * 31) % 7], 1);
        Atomic.Max(ref counts[8], i);
        Atomic.Or(ref counts[9], 1 << (i % 20));
        Atomic.Xor(ref counts[10], i);
        Atomic.Min(ref counts[11], -i);
        if (Atomic.CompareExchange(ref counts[12], 0, 5) == 0)
            Atomic.Add(ref counts[13], 3);
    }

    public static void ShuffleSum(ArrayView<int> a, ArrayView<int> sum)
    {
        int value = a[Grid.GlobalIndex.X];
        for (int distance = Warp.WarpSize / 2; distance > 0; distance /= 2)
            value += Warp.ShuffleDown(value, distance);
        if (Warp.IsFirstLane)
            Atomic.Add(ref sum[0], value);
    }

    public static void SortLocally(Index1D i, ArrayView<float> median)
    {
        var values = LocalMemory.Allocate<int>(9);
        for (int k = 0; k < 9; k++)
            values[k] = (i * (k + 3) * 7919) % 101;
        for (int k = 1; k < 9; k++)
        {
            int value = values[k], at = k;
            for (; at > 0 && values[at - 1] > value; at--)
                values[at] = values[at - 1];
            values[at] = value;
        }
        median[i] = values[4];
    }
}
