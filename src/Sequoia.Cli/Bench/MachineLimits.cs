using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Numerics;

namespace Sequoia.Cli.Bench;

/// <summary>What this machine can do at most, measured in the same run as what is compared with it.</summary>
internal static unsafe class MachineLimits
{
    /// <summary>Bytes a second read from memory by all threads together: the median of several sweeps over 1 GiB.</summary>
    public static double ReadBandwidth(int threads)
    {
        const long Bytes = 1L << 30;
        using var buffer = new AlignedBuffer<float>(Bytes / sizeof(float));
        for (long i = 0; i < buffer.Length; i += 1024)
            buffer.Pointer[i] = 1;
        var job = new ReadJob(buffer.Pointer, Bytes);
        return Bytes / Median(7, () => Run(threads, job, ReadJob.Items));
    }

    /// <summary>fp32 floating-point operations a second of independent fused multiply-adds on all threads.</summary>
    public static double PeakFlops(int threads)
    {
        var job = new FlopJob();
        return FlopJob.Flops * FlopJob.Items / Median(7, () => Run(threads, job, FlopJob.Items));
    }

    public static double Median(int repeats, Action run)
    {
        double[] seconds = new double[repeats];
        run();
        for (int i = 0; i < repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            run();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        Array.Sort(seconds);
        return seconds[repeats / 2];
    }

    private static void Run(int threads, ParallelJob job, int items)
    {
        using var pool = new WorkerPool(threads);
        pool.Run(job, items);
    }

    private sealed class ReadJob(float* data, long bytes) : ParallelJob
    {
        public const int Items = 64;

        private readonly float[] _sums = new float[Items];

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Execute(int item, int worker)
        {
            long floats = bytes / sizeof(float) / Items;
            float* p = data + (item * floats), end = p + floats;
            Vector256<float> a = default, b = a, c = a, d = a;
            for (; p < end; p += 32)
            {
                a += Vector256.Load(p);
                b += Vector256.Load(p + 8);
                c += Vector256.Load(p + 16);
                d += Vector256.Load(p + 24);
            }
            _sums[item] = Vector256.Sum(a + b + c + d);
        }
    }

    private sealed class FlopJob : ParallelJob
    {
        public const int Items = 16;
        private const int Rounds = 2_000_000;

        private readonly float[] _sums = new float[Items];

        /// <summary>Of an item.</summary>
        public static double Flops => 2.0 * (Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256<float>.Count) * 8 * Rounds;

        public override void Execute(int item, int worker) => _sums[item] = Vector512.IsHardwareAccelerated ? Wide() : Narrow();

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float Wide()
        {
            Vector512<float> x = Vector512.Create(0.999f), y = Vector512.Create(1e-3f);
            Vector512<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
            for (int i = 0; i < Rounds; i++)
            {
                a = Vector512.FusedMultiplyAdd(a, x, y);
                b = Vector512.FusedMultiplyAdd(b, x, y);
                c = Vector512.FusedMultiplyAdd(c, x, y);
                d = Vector512.FusedMultiplyAdd(d, x, y);
                e = Vector512.FusedMultiplyAdd(e, x, y);
                f = Vector512.FusedMultiplyAdd(f, x, y);
                g = Vector512.FusedMultiplyAdd(g, x, y);
                h = Vector512.FusedMultiplyAdd(h, x, y);
            }
            return Vector512.Sum(a + b + c + d + e + f + g + h);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float Narrow()
        {
            Vector256<float> x = Vector256.Create(0.999f), y = Vector256.Create(1e-3f);
            Vector256<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
            for (int i = 0; i < Rounds; i++)
            {
                a = Vector256.FusedMultiplyAdd(a, x, y);
                b = Vector256.FusedMultiplyAdd(b, x, y);
                c = Vector256.FusedMultiplyAdd(c, x, y);
                d = Vector256.FusedMultiplyAdd(d, x, y);
                e = Vector256.FusedMultiplyAdd(e, x, y);
                f = Vector256.FusedMultiplyAdd(f, x, y);
                g = Vector256.FusedMultiplyAdd(g, x, y);
                h = Vector256.FusedMultiplyAdd(h, x, y);
            }
            return Vector256.Sum(a + b + c + d + e + f + g + h);
        }
    }
}
