using System.Globalization;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Benchmarks;

/// <summary>The matrix kernel alone, one thread, on a matrix that fits the second-level cache: how near it comes to the arithmetic limit.</summary>
internal static unsafe class MatMulBenchmark
{
    private const int Rows = 256, Columns = 1024;

    public static void Run(int repeats)
    {
        double flops = MachineLimits.PeakFlops(1);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"fp32 peak of one thread {flops / 1e9:F0} GFLOP/s; {Rows} x {Columns}, GFLOP/s and share of peak"));
        using var data = new AlignedBuffer<byte>(Rows * Columns * sizeof(float));
        using var x = new CpuActivations(64, Columns);
        using var y = new CpuActivations(64, Rows);
        foreach ((string name, bool supported, Func<CpuKernels> create) in CpuKernels.Table)
        {
            if (!supported || name == "scalar")
                continue;
            CpuKernels kernels = create();
            foreach (TensorType type in Enum.GetValues<TensorType>())
            {
                var weight = new TensorView("w", type, [Rows, Columns], (nint)data.Pointer);
                Console.Write($"{name,-7} {type,-5}");
                foreach (int n in (int[])[1, 2, 3, 4, 5, 6, 8, 16, 64])
                {
                    int calls = 64 / n * 4;
                    double seconds = MachineLimits.Median(repeats, () =>
                    {
                        for (int i = 0; i < calls; i++)
                            kernels.MatMul(weight, 0, Rows, x.Row(0), x.Stride, y.Row(0), y.Stride, n, false);
                    });
                    double rate = 2.0 * Rows * Columns * n * calls / seconds;
                    Console.Write(string.Create(CultureInfo.InvariantCulture, $"  {n}: {rate / 1e9,3:F0} {rate / flops,3:P0}"));
                }
                Console.WriteLine();
            }
        }
    }
}
