using System.Runtime.InteropServices;
using Sequoia.Interop;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>
/// The software GPU with a clock that only recordings advance, by a model of their costs: recording is expensive, the first launch of a recording
/// too, and every launch takes time for each kernel and for each row of its pass.
/// </summary>
internal static unsafe class ClockedDriver
{
    private const int RecordingMicroseconds = 50_000, FirstLaunchMicroseconds = 20_000, KernelMicroseconds = 40, RowMicroseconds = 7;

    private static readonly DriverTable s_inner = SoftwareDriver.Table;
    private static readonly Dictionary<nint, (int Kernels, int Rows)> s_recordings = [];
    private static readonly HashSet<nint> s_launched = [];
    private static (int Kernels, int Rows) s_recorded;
    private static long s_microseconds;

    public static CudaDriver Driver { get; } = CudaDriver.FromTable("software", Clocked());

    public static TimeProvider Clock { get; } = new ModelClock();

    /// <summary>The kernels of every recording so far, without repetition, ascending.</summary>
    public static int[] KernelCounts => [.. s_recordings.Values.Select(recording => recording.Kernels).Distinct().Order()];

    public static void Clear() => s_recordings.Clear();

    /// <summary>What the model says that a launch takes.</summary>
    public static double Seconds(int kernels, int rows) => ((kernels * KernelMicroseconds) + (rows * RowMicroseconds)) / 1e6;

    private static DriverTable Clocked()
    {
        DriverTable table = s_inner;
        table.cuStreamBeginCapture_v2 = &Record;
        table.cuLaunchKernel = &LaunchKernel;
        table.cuGraphInstantiateWithFlags = &Instantiate;
        table.cuGraphLaunch = &LaunchGraph;
        return table;
    }

    [UnmanagedCallersOnly]
    private static CudaResult Record(nint stream, CaptureMode mode)
    {
        s_recorded = default;
        s_microseconds += RecordingMicroseconds;
        return s_inner.cuStreamBeginCapture_v2(stream, mode);
    }

    [UnmanagedCallersOnly]
    private static CudaResult LaunchKernel(nint f, uint gx, uint gy, uint gz, uint bx, uint by, uint bz, uint shared, nint stream, void** parameters, void** extra)
    {
        // A pass begins with embed, whose grid is as wide as the pass has rows.
        s_recorded = (s_recorded.Kernels + 1, s_recorded.Kernels == 0 ? (int)gx : s_recorded.Rows);
        return s_inner.cuLaunchKernel(f, gx, gy, gz, bx, by, bz, shared, stream, parameters, extra);
    }

    [UnmanagedCallersOnly]
    private static CudaResult Instantiate(nint* executable, nint graph, ulong flags)
    {
        CudaResult result = s_inner.cuGraphInstantiateWithFlags(executable, graph, flags);
        s_recordings[*executable] = s_recorded;
        s_launched.Remove(*executable);
        s_microseconds += RecordingMicroseconds;
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult LaunchGraph(nint executable, nint stream)
    {
        (int kernels, int rows) = s_recordings[executable];
        s_microseconds += (kernels * KernelMicroseconds) + (rows * RowMicroseconds) + (s_launched.Add(executable) ? FirstLaunchMicroseconds : 0);
        return s_inner.cuGraphLaunch(executable, stream);
    }

    private sealed class ModelClock : TimeProvider
    {
        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => s_microseconds;
    }
}
