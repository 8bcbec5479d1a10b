using System.Diagnostics;
using System.Runtime.CompilerServices;
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
            Lanes512 a = Lanes512.Zero, b = a, c = a, d = a;
            for (; p < end; p += 64)
            {
                a += Lanes512.Load(p);
                b += Lanes512.Load(p + 16);
                c += Lanes512.Load(p + 32);
                d += Lanes512.Load(p + 48);
            }
            _sums[item] = Lanes512.Sum(a + b + c + d);
        }
    }

    private sealed class FlopJob : ParallelJob
    {
        public const int Items = 16;
        public const double Flops = 2.0 * 16 * 8 * Rounds;
        private const int Rounds = 2_000_000;

        private readonly float[] _sums = new float[Items];

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Execute(int item, int worker)
        {
            Lanes512 x = Lanes512.Broadcast(0.999f), y = Lanes512.Broadcast(1e-3f);
            Lanes512 a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
            for (int i = 0; i < Rounds; i++)
            {
                a = Lanes512.FusedMultiplyAdd(a, x, y);
                b = Lanes512.FusedMultiplyAdd(b, x, y);
                c = Lanes512.FusedMultiplyAdd(c, x, y);
                d = Lanes512.FusedMultiplyAdd(d, x, y);
                e = Lanes512.FusedMultiplyAdd(e, x, y);
                f = Lanes512.FusedMultiplyAdd(f, x, y);
                g = Lanes512.FusedMultiplyAdd(g, x, y);
                h = Lanes512.FusedMultiplyAdd(h, x, y);
            }
            _sums[item] = Lanes512.Sum(a + b + c + d + e + f + g + h);
        }
    }
}
